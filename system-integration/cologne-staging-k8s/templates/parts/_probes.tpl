{{- /* Three probes with three meanings; they ask the process, which asks no server. Takes root. */ -}}
{{- define "cologne-staging.probes" -}}
{{- $v := .root.Values.healthChecks }}
{{- if and $v.enabled (not .root.Values.diagnosticMode.enabled) }}
startupProbe:
  httpGet: {path: /livez, port: health}
  {{- toYaml $v.startup | nindent 2 }}
readinessProbe:
  httpGet: {path: /readyz, port: health}
  {{- toYaml $v.readiness | nindent 2 }}
livenessProbe:
  httpGet: {path: /livez, port: health}
  {{- toYaml $v.liveness | nindent 2 }}
  {{- if include "cologne-staging.since" (dict "root" .root "version" "1.25.0") }}
  # A loop that hangs drains nothing: no need to wait for that.
  terminationGracePeriodSeconds: 30
  {{- end }}
{{- end }}
{{- end }}
