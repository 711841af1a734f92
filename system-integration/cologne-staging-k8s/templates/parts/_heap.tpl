{{- /* MiB for JavaScript's old objects: a percentage of the memory limit; empty without a limit. Takes limit and percent. */ -}}
{{- define "cologne-staging.heap" -}}
{{- $limit := toString .limit }}
{{- if and .limit .percent }}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" $limit }}
{{- $unit := trimPrefix $number $limit }}
{{- $bytes := dict "" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "Mi" 1048576.0 "Gi" 1073741824.0 "Ti" 1099511627776.0 }}
{{- if or (not $number) (not (hasKey $bytes $unit)) }}
{{- fail (printf "\n\na memory limit of %s is none: write 1Gi, 512Mi or the like" $limit) }}
{{- end }}
{{- divf (mulf (float64 $number) (get $bytes $unit) .percent) 104857600.0 | floor | int }}
{{- end }}
{{- end }}
