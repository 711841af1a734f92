{{- /* What is said after an installation: what to type next, and what looks wrong. */ -}}
{{- define "cologne-staging.notes" -}}
{{- $v := .Values }}
{{- $workers := include "cologne-staging.workers" . }}
{{- $replicas := ternary $v.autoscaling.maxReplicas $v.replicas.dataManagers $v.autoscaling.enabled | int }}
{{- if $v.diagnosticMode.enabled }}
DIAGNOSTIC MODE: the pod only waits, nothing is staged. Look into it:

  kubectl exec -it deploy/{{ $workers }} -n {{ .Release.Namespace }} -- sh
{{- else }}
{{ $workers }} runs: {{ join " " (include "cologne-staging.command" $v.cologneStaging.command | fromJsonArray) }}

  kubectl rollout status deployment/{{ $workers }} -n {{ .Release.Namespace }}
  kubectl logs deployment/{{ $workers }} -n {{ .Release.Namespace }} -f
  {{ ternary (printf "helm test %s -n %s --logs" .Release.Name .Release.Namespace) (printf "kubectl exec deploy/%s -n %s -- ccat_data_transfer doctor" $workers .Release.Namespace) $v.doctor.enabled }}
{{- end }}

Up to {{ mul $replicas (add $v.postgres.poolSize 1) }} database connections: {{ $replicas }} x ({{ $v.postgres.poolSize }} of postgres.poolSize, and one that listens){{ if $v.manager.enabled }}, and as many for each manager{{ end }}.
{{- $versions := include "cologne-staging.secretVersions" . | fromJson }}
{{- if $versions.asked }}
{{- $missing := list }}
{{- range include "cologne-staging.readSecrets" . | fromJsonArray }}{{ if not (hasKey $versions.versions .) }}{{ $missing = append $missing . }}{{ end }}{{ end }}
{{- with $v.certificates.existingSecret }}{{ if not (or (hasKey $versions.versions .) (include "cologne-staging.isOwnSecret" (dict "root" $ "name" .))) }}{{ $missing = append $missing . }}{{ end }}{{ end }}
{{- range $v.imagePullSecrets }}{{ if not (hasKey $versions.versions .name) }}{{ $missing = append $missing .name }}{{ end }}{{ end }}
{{- if $missing }}

WARNING: these Secrets are named by the values, and are not in namespace {{ .Release.Namespace }}:
{{- range $missing }}
  {{ . }}
{{- end }}
{{- end }}
{{- end }}
{{- with include "cologne-staging.plainCredentials" . | fromJson }}

WARNING: credentials stand in the values, and so in helm's record of the release: {{ keys . | sortAlpha | join ", " }}.
Better is a Secret: kubectl create secret generic NAME -n {{ $.Release.Namespace }} --from-literal=KEY=..., named by redis.existingSecret,
postgres.existingSecret, s3.existingSecret or coscine.existingSecret.
{{- end }}
{{- if and (gt $replicas 1) (eq $v.persistence.accessMode "ReadWriteOnce") (not $v.persistence.sameNode) }}

WARNING: {{ $replicas }} replicas share a ReadWriteOnce claim. Unless its volume is a shared file system they can only run on one node, and a pod
on another one waits for ever (Multi-Attach error): set persistence.sameNode.
{{- end }}
{{- if $v.podSecurityContext.fsGroup }}

WARNING: podSecurityContext.fsGroup is set: Kubernetes changes the group of files on the volume, unless its driver does not.
{{- end }}
{{- end }}
