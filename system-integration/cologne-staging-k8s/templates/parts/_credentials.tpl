{{- /* Credentials: those that stand in Secrets already, and those that stand in the values. */ -}}

{{- /* Names of the Secrets that values name for Redis, PostgreSQL, S3 and Coscine. */ -}}
{{- define "cologne-staging.existingSecrets" -}}
{{- $v := .Values }}
{{- list $v.redis.existingSecret $v.postgres.existingSecret $v.s3.existingSecret $v.coscine.existingSecret | compact | uniq | toJson }}
{{- end }}

{{- /* Credentials that stand in the values, as an object of variables. */ -}}
{{- define "cologne-staging.plainCredentials" -}}
{{- $v := .Values }}
{{- $out := dict }}
{{- range $name, $value := dict "REDIS__USERNAME" $v.redis.username "REDIS__PASSWORD" $v.redis.password "DATABASE__USER" $v.postgres.user
      "DATABASE__PASSWORD" $v.postgres.password "COSCINE_API_TOKEN" $v.coscine.token }}
{{- if $value }}{{ $_ := set $out (printf "CCAT_DATA_TRANSFER_%s" $name) (toString $value) }}{{ end }}
{{- end }}
{{- range $archive, $keys := $v.s3.archives }}
{{- with $keys.accessKey }}{{ $_ := set $out (printf "CCAT_DATA_TRANSFER_S3__%s__ACCESS_KEY" (upper $archive)) (toString .) }}{{ end }}
{{- with $keys.secretKey }}{{ $_ := set $out (printf "CCAT_DATA_TRANSFER_S3__%s__SECRET_KEY" (upper $archive)) (toString .) }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* Names of all Secrets that the pods read as variables, and that are not the chart's own. */ -}}
{{- define "cologne-staging.readSecrets" -}}
{{- $names := list }}
{{- range include "cologne-staging.existingSecrets" . | fromJsonArray }}
{{- if not (include "cologne-staging.isOwnSecret" (dict "root" $ "name" .)) }}{{ $names = append $names . }}{{ end }}
{{- end }}
{{- range .Values.envFrom }}{{ with .secretRef }}{{ $names = append $names .name }}{{ end }}{{ end }}
{{- $names | uniq | toJson }}
{{- end }}

{{- /* Not empty where the local chart's servers make it: it is not there before the first installation, and nothing changes it later. */ -}}
{{- define "cologne-staging.isOwnSecret" -}}
{{- if and (.root.Values.servers | default dict).enabled (hasPrefix (printf "%s-servers-" .root.Release.Name) .name) }}yes{{ end }}
{{- end }}

{{- /*
{name: version} of the Secrets of the namespace, or nothing where no cluster is asked (helm template). Helm itself keeps its releases in
Secrets, so whoever may install may also look.
*/ -}}
{{- define "cologne-staging.secretVersions" -}}
{{- $found := lookup "v1" "Secret" .Release.Namespace "" }}
{{- $out := dict }}
{{- if hasKey $found "items" }}
{{- range $found.items }}{{ $_ := set $out .metadata.name (printf "%s/%s" .metadata.uid .metadata.resourceVersion) }}{{ end }}
{{- dict "asked" true "versions" $out | toJson }}
{{- else }}
{{- dict "asked" false "versions" $out | toJson }}
{{- end }}
{{- end }}

{{- /* Annotations that change, and restart pods, exactly when credentials did. Settings stand in the pod template itself. */ -}}
{{- define "cologne-staging.checksums" -}}
{{- with include "cologne-staging.plainCredentials" . | fromJson }}
checksum/credentials: {{ toJson . | sha256sum }}
{{- end }}
{{- if .Values.restartOnSecretChange }}
{{- $versions := (include "cologne-staging.secretVersions" . | fromJson).versions }}
{{- $read := dict }}
{{- range include "cologne-staging.readSecrets" . | fromJsonArray }}
{{- if hasKey $versions . }}{{ $_ := set $read . (get $versions .) }}{{ end }}
{{- end }}
{{- /* Versions, not contents: a checksum of a short password gives it away to whoever may look at pods. */ -}}
{{- with $read }}
checksum/secrets: {{ toJson . | sha256sum }}
{{- end }}
{{- end }}
{{- end }}
