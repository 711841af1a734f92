{{- /* What differs between versions of Kubernetes. `--kube-version` decides where no cluster is asked. */ -}}

{{- /* Not empty where the cluster is of that version or later: (dict "root" $ "version" "1.21"). */ -}}
{{- define "cologne-staging.since" -}}
{{- if semverCompare (printf ">=%s-0" .version) .root.Capabilities.KubeVersion.Version }}yes{{ end }}
{{- end }}

{{- define "cologne-staging.pdbVersion" -}}
{{- if include "cologne-staging.since" (dict "root" . "version" "1.21.0") }}policy/v1{{ else }}policy/v1beta1{{ end }}
{{- end }}
