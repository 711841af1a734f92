{{- /* What values.schema.json cannot say: combinations that would not work are refused before anything reaches the cluster, all at once. */ -}}
{{- define "cologne-staging.refusals" -}}
{{- $v := .Values }}
{{- $no := list }}
{{- range $old, $new := include "cologne-staging.olderKeys" . | fromYaml }}
{{- $at := $v }}
{{- range splitList "." $old }}{{ $at = ternary (get (ternary $at (dict) (kindIs "map" $at)) .) "" (kindIs "map" $at) }}{{ end }}
{{- if and (not (kindIs "invalid" $at)) (ne (toString $at) "") }}
{{- $no = append $no (printf "%s is a key of an older chart; it is now %s" $old $new) }}
{{- end }}
{{- end }}
{{- /* Kubernetes would refuse it too, but with a failed revision, and without saying what to do. */ -}}
{{- with (lookup "apps/v1" "Deployment" .Release.Namespace (include "cologne-staging.workers" .)).spec }}
{{- $there := .selector.matchLabels | default dict }}
{{- if ne (toJson $there) (include "cologne-staging.selector" $ | fromYaml | toJson) }}
{{- $no = append $no (printf "%s exists with another selector, which cannot be changed; take it over with selectorLabels: %s" (include "cologne-staging.workers" $) (toJson $there)) }}
{{- end }}
{{- end }}
{{- range $component, $enabled := dict "manager" $v.manager.enabled "doctor" $v.doctor.enabled }}
{{- $labels := include "cologne-staging.podLabels" (dict "root" $ "component" $component) | fromYaml }}
{{- $others := false }}
{{- range $key, $value := include "cologne-staging.selector" $ | fromYaml }}{{ if ne (get $labels $key | toString) (toString $value) }}{{ $others = true }}{{ end }}{{ end }}
{{- if and $enabled (not $others) }}
{{- $no = append $no (printf "selectorLabels %s would select other pods of the release as well: switch %s.enabled off" (toJson $v.selectorLabels) $component) }}
{{- end }}
{{- end }}
{{- $replicas := ternary $v.autoscaling.maxReplicas $v.replicas.dataManagers $v.autoscaling.enabled | int }}
{{- if and (eq $v.persistence.accessMode "ReadWriteOncePod") (gt $replicas 1) }}
{{- $no = append $no (printf "persistence.accessMode ReadWriteOncePod lets one pod use the volume, and there would be %d (replicas.dataManagers, autoscaling.maxReplicas)" $replicas) }}
{{- end }}
{{- $grace := include "cologne-staging.grace" . | int }}
{{- if lt $grace (add $v.shutdown.drainSeconds 15 | int) }}
{{- $no = append $no (printf "shutdown.graceSeconds is %d: it has to be shutdown.drainSeconds (%d) and 15 more, or the worker is killed while it gives packages back" $grace (int $v.shutdown.drainSeconds)) }}
{{- end }}
{{- if not (include "cologne-staging.hasData" .) }}
{{- $no = append $no "nothing is mounted at /data: set persistence.enabled, or give a volume in extraVolumes and mount it at /data in extraVolumeMounts" }}
{{- end }}
{{- if and $v.persistence.existingClaim (not $v.persistence.enabled) }}
{{- $no = append $no "persistence.existingClaim is set, but persistence.enabled is false" }}
{{- end }}
{{- if and $v.persistence.existingClaim $v.persistence.volumeName }}
{{- $no = append $no "persistence.existingClaim and persistence.volumeName exclude each other: a claim that exists has its volume" }}
{{- end }}
{{- $files := list }}
{{- if $v.redis.tls.enabled }}{{ $files = list $v.redis.tls.caFile $v.redis.tls.certFile $v.redis.tls.keyFile }}{{ end }}
{{- $files = concat $files (list $v.postgres.tls.rootCertFile $v.postgres.tls.certFile $v.postgres.tls.keyFile) | compact }}
{{- if not (or $v.certificates.hostPath $v.certificates.existingSecret) }}
{{- range $files }}
{{- if not (hasPrefix "/" .) }}{{ $no = append $no (printf "certificates.hostPath and certificates.existingSecret are empty, so nothing brings the file %s to /etc/redis/certs" .) }}{{ end }}
{{- end }}
{{- end }}
{{- if and (hasPrefix "verify-" $v.postgres.tls.mode) (not $v.postgres.tls.rootCertFile) }}
{{- $no = append $no (printf "postgres.tls.mode %s needs postgres.tls.rootCertFile" $v.postgres.tls.mode) }}
{{- end }}
{{- if and $v.redis.tls.enabled (ne (empty $v.redis.tls.certFile) (empty $v.redis.tls.keyFile)) }}
{{- $no = append $no "redis.tls.certFile and redis.tls.keyFile belong together" }}
{{- end }}
{{- if and (eq $v.strategy.type "RollingUpdate") (eq (toString $v.strategy.maxSurge) "0") (eq (toString $v.strategy.maxUnavailable) "0") }}
{{- $no = append $no "strategy.maxSurge and strategy.maxUnavailable are both 0: no pod could ever be replaced" }}
{{- end }}
{{- if and $v.autoscaling.enabled (lt (int $v.autoscaling.maxReplicas) (int $v.autoscaling.minReplicas)) }}
{{- $no = append $no "autoscaling.maxReplicas is smaller than autoscaling.minReplicas" }}
{{- end }}
{{- with $no }}{{ fail (printf "\n\nThese values do not work:\n  - %s\n" (join "\n  - " .)) }}{{ end }}
{{- end }}

{{- /* Not empty where something is mounted at /data. */ -}}
{{- define "cologne-staging.hasData" -}}
{{- if or .Values.persistence.enabled (dig "data" "" (.Values.host | default dict)) }}yes{{ end }}
{{- range .Values.extraVolumeMounts }}{{ if eq (trimSuffix "/" .mountPath) "/data" }}yes{{ end }}{{ end }}
{{- end }}
