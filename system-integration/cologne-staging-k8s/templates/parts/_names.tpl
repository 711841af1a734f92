{{- /* Names and labels. Everything is called {release}-something, as the page of Ramses has it. */ -}}

{{- define "cologne-staging.workers" -}}{{ .Release.Name }}-data-managers{{- end }}

{{- define "cologne-staging.claim" -}}
{{- .Values.persistence.existingClaim | default (printf "%s-data" .Release.Name) }}
{{- end }}

{{- define "cologne-staging.image" -}}
{{- with .Values.cologneStaging.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* What all pods of the release carry, and what selects them all. Not their name: selectorLabels may say another one for the workers. */ -}}
{{- define "cologne-staging.instanceLabels" -}}
app.kubernetes.io/part-of: cologne-staging
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /*
What selects the pods of a component. Takes root and component. Each has a name of its own: an older chart's selector is often name and instance
alone, and would else select the manager and the doctor as well.
*/ -}}
{{- define "cologne-staging.componentLabels" -}}
app.kubernetes.io/name: cologne-staging{{ if ne .component "data-managers" }}-{{ .component }}{{ end }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- /* What selects the workers; cannot be changed while their Deployment exists. */ -}}
{{- define "cologne-staging.selector" -}}
{{- with .Values.selectorLabels }}
{{- toYaml . }}
{{- else }}
{{- include "cologne-staging.componentLabels" (dict "root" . "component" "data-managers") }}
{{- end }}
{{- end }}

{{- /*
Labels of an object. Takes root and component, and labels of its own. The chart's version stands on objects only: on a pod it would restart all of them
with every new version of the chart, changed or not.
*/ -}}
{{- define "cologne-staging.labels" -}}
{{- $own := dict "app.kubernetes.io/name" "cologne-staging" "app.kubernetes.io/component" .component "app.kubernetes.io/managed-by" .root.Release.Service
      "app.kubernetes.io/version" (.root.Values.cologneStaging.image.tag | default .root.Chart.AppVersion | replace "+" "_" | trunc 63)
      "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63) }}
{{- $instance := include "cologne-staging.instanceLabels" .root | fromYaml }}
{{- merge $own $instance (.labels | default dict) .root.Values.labels | toYaml }}
{{- end }}

{{- /* Labels of a pod. Takes root and component. */ -}}
{{- define "cologne-staging.podLabels" -}}
{{- $own := include "cologne-staging.componentLabels" . | fromYaml }}
{{- $instance := include "cologne-staging.instanceLabels" .root | fromYaml }}
{{- $selector := dict }}
{{- if eq .component "data-managers" }}{{ $selector = include "cologne-staging.selector" .root | fromYaml }}{{ end }}
{{- merge $selector $own $instance .root.Values.podLabels .root.Values.labels | toYaml }}
{{- end }}

{{- /* Metadata of an object. Takes root, component, name, and labels and annotations of its own. */ -}}
{{- define "cologne-staging.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "cologne-staging.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* A command that is a list, or one line, as a list. */ -}}
{{- define "cologne-staging.command" -}}
{{- if kindIs "string" . }}{{ regexSplit "\\s+" (trim .) -1 | toJson }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}
