{{- /* Servers for a laptop without the data center. Nothing of this is there unless servers.enabled. */ -}}

{{- /* Name of a server's Deployment, Service and claim. Takes root and component: redis, postgres or s3. */ -}}
{{- define "cologne-staging-local.serverName" -}}{{ .root.Release.Name }}-{{ .component }}{{- end }}

{{- /* Secrets of the servers; production's templates know them by the beginning of their names (cologne-staging.isOwnSecret). */ -}}
{{- define "cologne-staging-local.credentials" -}}{{ .Release.Name }}-servers-credentials{{- end }}
{{- define "cologne-staging-local.serverCertificate" -}}{{ .Release.Name }}-servers-tls{{- end }}
{{- define "cologne-staging-local.clientCertificate" -}}{{ .Release.Name }}-servers-client{{- end }}

{{- /* The archive in the S3 store, as the catalogue and the credentials' variables name it, and its bucket. */ -}}
{{- define "cologne-staging-local.archive" -}}laptop{{- end }}
{{- define "cologne-staging-local.bucket" -}}raw-data{{- end }}
{{- define "cologne-staging-local.endpoint" -}}https://{{ include "cologne-staging-local.serverName" (dict "root" . "component" "s3") }}{{- end }}

{{- define "cologne-staging-local.databaseName" -}}{{ .Values.postgres.database | default "ccat_data_transfer" }}{{- end }}

{{- /* What does not go together with the servers. */ -}}
{{- define "cologne-staging-local.refusals" -}}
{{- $v := .Values }}
{{- $no := list }}
{{- if $v.autoscaling.enabled }}{{ $no = append $no "autoscaling.enabled: KEDA would ask the database of postgres.host" }}{{ end }}
{{- if $v.networkPolicy.enabled }}{{ $no = append $no "networkPolicy.enabled: it lets nobody out to them" }}{{ end }}
{{- range $name, $value := dict "redis.username" $v.redis.username "redis.password" $v.redis.password "postgres.user" $v.postgres.user "postgres.password" $v.postgres.password }}
{{- if $value }}{{ $no = append $no (printf "%s: they have credentials of their own" $name) }}{{ end }}
{{- end }}
{{- with $no }}{{ fail (printf "\n\nservers.enabled does not go together with\n  - %s\n" (join "\n  - " .)) }}{{ end }}
{{- end }}
