{{- /* The Deployment of the workers. Takes root, and host as the pod does. */ -}}
{{- define "cologne-staging.deployment" -}}
{{- $v := .root.Values }}
{{- include "cologne-staging.refusals" .root }}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "cologne-staging.metadata" (dict "root" .root "component" "data-managers" "name" (include "cologne-staging.workers" .root) "annotations" $v.deploymentAnnotations) | nindent 2 }}
spec:
  {{- if not $v.autoscaling.enabled }}
  replicas: {{ $v.replicas.dataManagers }}
  {{- end }}
  revisionHistoryLimit: {{ $v.revisionHistoryLimit }}
  strategy:
    {{- include "cologne-staging.strategy" .root | trim | nindent 4 }}
  selector:
    matchLabels:
      {{- include "cologne-staging.selector" .root | nindent 6 }}
  template:
    {{- include "cologne-staging.pod" (dict "root" .root "component" "data-managers" "container" "cologne-staging" "resources" "cologne-staging"
          "command" $v.cologneStaging.command "data" true "serves" true "host" .host "grace" (include "cologne-staging.grace" .root)) | trim | nindent 4 }}
{{- end }}

{{- /* Seconds between SIGTERM and SIGKILL: what draining takes, and 15 for giving back what is not ready. */ -}}
{{- define "cologne-staging.grace" -}}
{{- $drain := int .Values.shutdown.drainSeconds }}
{{- if kindIs "invalid" .Values.shutdown.graceSeconds }}{{ add $drain 15 }}{{ else }}{{ int .Values.shutdown.graceSeconds }}{{ end }}
{{- end }}

{{- define "cologne-staging.strategy" -}}
{{- $v := .Values.strategy }}
{{- $type := $v.type }}
{{- if eq $type "auto" }}
{{- $type = ternary "Recreate" "RollingUpdate" (has .Values.persistence.accessMode (list "ReadWriteOnce" "ReadWriteOncePod")) }}
{{- end }}
type: {{ $type }}
{{- if eq $type "RollingUpdate" }}
rollingUpdate:
  maxSurge: {{ $v.maxSurge }}
  maxUnavailable: {{ $v.maxUnavailable }}
{{- end }}
{{- end }}
