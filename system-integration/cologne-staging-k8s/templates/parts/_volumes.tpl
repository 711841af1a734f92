{{- /* Volumes and mounts. `data` is false for what does not touch packages; `hostData` is a folder of the node in place of the claim. */ -}}

{{- define "cologne-staging.volumes" -}}
{{- $v := .root.Values }}
{{- if or $v.certificates.existingSecret $v.certificates.hostPath }}
- name: redis-certs
  {{- if $v.certificates.existingSecret }}
  secret:
    secretName: {{ $v.certificates.existingSecret }}
    # Without fsGroup these files belong to root: anybody in the container has to be able to read them.
    defaultMode: 0444
  {{- else }}
  hostPath:
    path: {{ $v.certificates.hostPath }}
    # Must be there: an empty folder made in its place would show as a broken certificate much later.
    type: Directory
  {{- end }}
{{- end }}
{{- if .data }}
{{- if .hostData }}
- name: data
  hostPath:
    path: {{ .hostData }}
    type: Directory
{{- else if $v.persistence.enabled }}
- name: data
  persistentVolumeClaim:
    claimName: {{ include "cologne-staging.claim" .root }}
{{- end }}
{{- end }}
- name: scratch
  emptyDir:
    sizeLimit: {{ $v.scratch.sizeLimit }}
    {{- with $v.scratch.medium }}
    medium: {{ . }}
    {{- end }}
{{- with $v.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "cologne-staging.mounts" -}}
{{- $v := .root.Values }}
{{- if or $v.certificates.existingSecret $v.certificates.hostPath }}
- name: redis-certs
  mountPath: /etc/redis/certs
  readOnly: true
{{- end }}
{{- if and .data (or .hostData $v.persistence.enabled) }}
- name: data
  mountPath: /data
{{- end }}
- name: scratch
  mountPath: /tmp
{{- with $v.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
