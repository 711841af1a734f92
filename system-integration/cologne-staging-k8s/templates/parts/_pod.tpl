{{- /*
The pod of a component, as Deployments and the doctor use it. Takes
  root
  component   data-managers, manager or doctor
  container   the container's name
  resources   key in .Values.resources
  command     list, or one line
  data        whether it needs /data
  grace       terminationGracePeriodSeconds
  serves      whether it answers on the health port
  port        health port, where it is not the common one
  host        {network, data}: the node's network, and a folder of the node at /data (the local chart)
*/ -}}
{{- define "cologne-staging.pod" -}}
{{- /* The local chart may bring servers; its templates then put another root in place of this one, and containers to begin with. */ -}}
{{- if (.root.Values.servers | default dict).enabled }}{{ include "cologne-staging-local.followServers" . }}{{ end }}
{{- $root := .root }}
{{- $v := .root.Values }}
{{- $host := .host | default dict }}
{{- $volumes := dict "root" $root "data" .data "hostData" $host.data }}
metadata:
  labels:
    {{- include "cologne-staging.podLabels" . | nindent 4 }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ .container }}
    {{- with include "cologne-staging.checksums" $root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with merge (dict) $v.podAnnotations $v.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- if $host.network }}
  hostNetwork: true
  dnsPolicy: ClusterFirstWithHostNet
  {{- end }}
  automountServiceAccountToken: false
  # Variables about every Service of the namespace help nobody here.
  enableServiceLinks: false
  {{- with $v.serviceAccountName }}
  serviceAccountName: {{ . }}
  {{- end }}
  {{- with $v.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.hostAliases }}
  hostAliases:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.dnsConfig }}
  dnsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.podSecurityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $v.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  terminationGracePeriodSeconds: {{ .grace }}
  {{- if eq .component "doctor" }}
  restartPolicy: Never
  {{- end }}
  {{- with include "cologne-staging.placement" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with concat (.firstContainers | default list) (ternary $v.initContainers list (eq .component "data-managers")) }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .container }}
      image: {{ include "cologne-staging.image" $root }}
      imagePullPolicy: {{ $v.cologneStaging.image.pullPolicy }}
      {{- if and $v.diagnosticMode.enabled (ne .component "doctor") }}
      command: {{ include "cologne-staging.command" $v.diagnosticMode.command }}
      {{- else }}
      command: {{ include "cologne-staging.command" .command }}
      {{- end }}
      env:
        {{- include "cologne-staging.env" . | trim | nindent 8 }}
      {{- with include "cologne-staging.envFrom" $root | trim }}
      envFrom:
        {{- . | nindent 8 }}
      {{- end }}
      {{- if .serves }}
      ports:
        - name: health
          containerPort: {{ .port | default $v.healthChecks.port }}
          protocol: TCP
      {{- with include "cologne-staging.probes" . | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- end }}
      {{- with index $v.resources .resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $v.containerSecurityContext }}
      securityContext:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      # What the program says as its last word, or else the end of its log, is what `kubectl describe pod` shows.
      terminationMessagePolicy: FallbackToLogsOnError
      volumeMounts:
        {{- include "cologne-staging.mounts" $volumes | trim | nindent 8 }}
    {{- if and $v.extraContainers (eq .component "data-managers") }}
    {{- toYaml $v.extraContainers | nindent 4 }}
    {{- end }}
  volumes:
    {{- include "cologne-staging.volumes" $volumes | trim | nindent 4 }}
{{- end }}

{{- /* Node selector, tolerations, affinity and spread of a component. */ -}}
{{- define "cologne-staging.placement" -}}
{{- $root := .root }}
{{- $v := .root.Values }}
{{- with $v.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $affinity := deepCopy $v.affinity }}
{{- $workers := dict "labelSelector" (dict "matchLabels" (include "cologne-staging.selector" $root | fromYaml)) "topologyKey" "kubernetes.io/hostname" }}
{{- $pods := deepCopy ($affinity.podAffinity | default dict) }}
{{- if and (eq .component "data-managers") $v.persistence.sameNode }}
{{- $_ := set $pods "requiredDuringSchedulingIgnoredDuringExecution" (append ($pods.requiredDuringSchedulingIgnoredDuringExecution | default list) $workers) }}
{{- end }}
{{- if and (eq .component "doctor") (eq $v.persistence.accessMode "ReadWriteOnce") }}
{{- /* Where the claim is in use; merely preferred, since there may be no worker. */ -}}
{{- $_ := set $pods "preferredDuringSchedulingIgnoredDuringExecution" (append ($pods.preferredDuringSchedulingIgnoredDuringExecution | default list) (dict "weight" 100 "podAffinityTerm" $workers)) }}
{{- end }}
{{- with $pods }}{{ $_ := set $affinity "podAffinity" . }}{{ end }}
{{- with $affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if and $v.topologySpreadConstraints (eq .component "data-managers") }}
topologySpreadConstraints:
  {{- range $v.topologySpreadConstraints }}
  - {{ merge (dict) . (dict "labelSelector" $workers.labelSelector) | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}
