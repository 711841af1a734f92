{{- /*
Called for every pod of the release by cologne-staging.pod, whose arguments these are. Where the servers are on, the pod gets a root
in which all that leads to Redis, PostgreSQL, the archive and their credentials leads to them, and first makes the database ready.
*/ -}}
{{- define "cologne-staging-local.followServers" -}}
{{- $root := omit .root "Values" }}
{{- $v := deepCopy .root.Values }}
{{- $_ := set $root "Values" $v }}
{{- /* One by one: `merge` would take what is to be empty for what is missing. */}}
{{- range $table, $keys := dict
      "redis" (dict "host" (include "cologne-staging-local.serverName" (dict "root" $root "component" "redis")) "port" 6379 "db" 0 "existingSecret" "")
      "postgres" (dict "host" (include "cologne-staging-local.serverName" (dict "root" $root "component" "postgres")) "port" 5432
        "existingSecret" (include "cologne-staging-local.credentials" $root))
      "s3" (dict "existingSecret" "")
      "certificates" (dict "hostPath" "" "existingSecret" (include "cologne-staging-local.clientCertificate" $root)) }}
{{- range $key, $value := $keys }}{{ $_ := set (get $v $table) $key $value }}{{ end }}
{{- end }}
{{- $_ := set $v.redis "tls" (dict "enabled" true "serverName" "" "checkHostname" true "caFile" "ca.crt" "certFile" "redis.crt" "keyFile" "redis.key") }}
{{- $_ := set $v.postgres "tls" (dict "mode" "verify-full" "serverName" "" "rootCertFile" "ca.crt" "certFile" "" "keyFile" "") }}
{{- $storage := $v.settings.storage | default dict }}
{{- $_ := set $storage "allowed_endpoints" (append ($storage.allowed_endpoints | default list) (include "cologne-staging-local.endpoint" $root) | uniq) }}
{{- $_ := set $storage "ca_file" ($storage.ca_file | default "/etc/redis/certs/ca.crt") }}
{{- $_ := set $v.settings "storage" $storage }}
{{- $_ := set . "root" $root }}
{{- if .serves }}
{{- $_ := set . "firstContainers" (list (include "cologne-staging-local.prepare" . | fromYaml)) }}
{{- end }}
{{- end }}

{{- /*
Brings the database to what a worker needs, before there is one: nobody else does here. Doing it again changes nothing, and several may do
it at once. Takes what the pod takes.
*/ -}}
{{- define "cologne-staging-local.prepare" -}}
name: prepare-database
image: {{ include "cologne-staging.image" .root }}
imagePullPolicy: {{ .root.Values.cologneStaging.image.pullPolicy }}
command:
  - sh
  - -ec
  - |
    ccat_data_transfer db migrate --startup-timeout 5m
    ccat_data_transfer db seed
    ccat_data_transfer db seed --file /dev/stdin <<END
    [[location]]
    site = "cologne"
    name = {{ include "cologne-staging-local.archive" .root | quote }}
    location_type = "long_term_archive"
    storage_type = "s3"
    endpoint = {{ include "cologne-staging-local.endpoint" .root | quote }}
    bucket = {{ include "cologne-staging-local.bucket" .root | quote }}
    END
env:
  {{- include "cologne-staging.env" . | trim | nindent 2 }}
envFrom:
  {{- include "cologne-staging.envFrom" .root | trim | nindent 2 }}
{{- with index .root.Values.resources .resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationMessagePolicy: FallbackToLogsOnError
volumeMounts:
  {{- include "cologne-staging.mounts" (dict "root" .root "data" false) | trim | nindent 2 }}
{{- end }}
