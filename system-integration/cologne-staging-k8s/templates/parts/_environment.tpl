{{- /*
The program's settings as variables. In Kubernetes `env` beats `envFrom`, so only what is no credential stands in `env`;
credentials come through `envFrom`, whose last entry wins.
*/ -}}

{{- /* Takes root, component and drain (seconds). */ -}}
{{- define "cologne-staging.env" -}}
{{- $v := .root.Values }}
{{- $own := dict "ENV_FOR_DYNACONF" $v.app.environment }}
{{- $heap := include "cologne-staging.heap" (dict "limit" (dig "limits" "memory" "" (index $v.resources .resources | default dict)) "percent" $v.heapPercent) }}
{{- with $heap }}{{ $_ := set $own "NODE_OPTIONS" (printf "--max-old-space-size=%s" .) }}{{ end }}
{{- range $key, $value := include "cologne-staging.settings" .root | fromJson }}
{{- $_ := set $own (printf "CCAT_DATA_TRANSFER_%s" $key) $value }}
{{- end }}
{{- $_ := set $own "CCAT_DATA_TRANSFER_HEALTH__PORT" (toString (int (.port | default $v.healthChecks.port))) }}
{{- if eq .component "data-managers" }}
{{- $_ := set $own "CCAT_DATA_TRANSFER_WORKER__DRAIN_DEADLINE" (toString (int $v.shutdown.drainSeconds)) }}
{{- end }}
{{- range $name := keys $own | sortAlpha }}
- name: {{ $name }}
  value: {{ get $own $name | quote }}
{{- end }}
{{- range $v.extraEnv }}
{{- if hasKey $own .name }}
{{- fail (printf "\n\nextraEnv sets %s, which the chart sets itself; use the chart's value for it (docs/charts.md)" .name) }}
{{- end }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}

{{- /* Settings without credentials, as an object {REDIS__HOST: "..."}; all values are texts. */ -}}
{{- define "cologne-staging.settings" -}}
{{- $v := .Values }}
{{- $out := dict }}
{{- range $table, $keys := $v.settings }}
{{- if kindIs "map" $keys }}
{{- range $key, $value := $keys }}
{{- if kindIs "map" $value }}
{{- range $inner, $one := $value }}
{{- $_ := set $out (printf "%s__%s__%s" $table $key $inner | upper) (include "cologne-staging.text" $one) }}
{{- end }}
{{- else if not (kindIs "invalid" $value) }}
{{- $_ := set $out (printf "%s__%s" $table $key | upper) (include "cologne-staging.text" $value) }}
{{- end }}
{{- end }}
{{- else if not (kindIs "invalid" $keys) }}
{{- $_ := set $out (upper $table) (include "cologne-staging.text" $keys) }}
{{- end }}
{{- end }}
{{- $redis := dict "HOST" $v.redis.host "PORT" (toString (int $v.redis.port)) "DB" (toString (int $v.redis.db)) "TLS" (toString $v.redis.tls.enabled) }}
{{- if $v.redis.tls.enabled }}
{{- /* Said even where it is the host: settings.toml has a name for the data center's Redis, which is wrong for another host. */ -}}
{{- $_ := set $redis "SERVER_NAME" ($v.redis.tls.serverName | default $v.redis.host) }}
{{- $_ := set $redis "CHECK_HOSTNAME" (toString $v.redis.tls.checkHostname) }}
{{- range $key, $file := dict "CA_FILE" $v.redis.tls.caFile "CERT_FILE" $v.redis.tls.certFile "KEY_FILE" $v.redis.tls.keyFile }}
{{- /* @none takes back what settings.toml says. */ -}}
{{- $_ := set $redis $key (include "cologne-staging.certificate" $file | default "@none") }}
{{- end }}
{{- end }}
{{- range $key, $value := $redis }}{{ $_ := set $out (printf "REDIS__%s" $key) $value }}{{ end }}
{{- $database := dict "HOST" $v.postgres.host "PORT" (toString (int $v.postgres.port)) "POOL_SIZE" (toString (int $v.postgres.poolSize))
      "SSLMODE" $v.postgres.tls.mode "NAME" $v.postgres.database "SCHEMA" $v.postgres.schema "SERVER_NAME" $v.postgres.tls.serverName
      "SSLROOTCERT" (include "cologne-staging.certificate" $v.postgres.tls.rootCertFile)
      "SSLCERT" (include "cologne-staging.certificate" $v.postgres.tls.certFile)
      "SSLKEY" (include "cologne-staging.certificate" $v.postgres.tls.keyFile) }}
{{- range $key, $value := $database }}{{ if $value }}{{ $_ := set $out (printf "DATABASE__%s" $key) $value }}{{ end }}{{ end }}
{{- range $archive, $keys := $v.s3.archives }}
{{- with $keys.region }}{{ $_ := set $out (printf "S3__%s__REGION" $archive | upper) . }}{{ end }}
{{- end }}
{{- toJson $out }}
{{- end }}

{{- /* A value of YAML as the program reads it from a variable; numbers of YAML are floating and would else become 1e+07. */ -}}
{{- define "cologne-staging.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}

{{- define "cologne-staging.certificate" -}}
{{- if hasPrefix "/" . }}{{ . }}{{ else if . }}/etc/redis/certs/{{ . }}{{ end }}
{{- end }}

{{- /*
Where credentials come from; the later entry wins. The worker itself says which credential is missing, and a Secret that an overlay
replaces need not exist: so those named by default are optional.
*/ -}}
{{- define "cologne-staging.envFrom" -}}
{{- range include "cologne-staging.existingSecrets" . | fromJsonArray }}
- secretRef:
    name: {{ . }}
    optional: true
{{- end }}
{{- if include "cologne-staging.plainCredentials" . | fromJson }}
- secretRef:
    name: {{ .Release.Name }}-credentials
{{- end }}
{{- with .Values.envFrom }}
{{ toYaml . }}
{{- end }}
{{- end }}
