#!/bin/sh
# Compares a running release with what this chart would make of it, and changes nothing. Each line is a statement that should be true:
# √ it is, ‼ to be looked at, × an upgrade would be refused or would lose something. Ends with 0, 1 where there is a ×, or 2 where
# the cluster or the release could not be looked at.
set -eu

for tool in helm kubectl; do
  if ! command -v "$tool" >/dev/null; then
    printf 'error: there is no %s here\ntry: docs/runbook.md names what is needed\n' "$tool" >&2
    exit 2
  fi
done

deployment=$RELEASE-data-managers
claim=$RELEASE-data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
problems=0

good() { printf '√ %s\n' "$1"; }
look() {
  printf '‼ %s\n    %s\n' "$1" "$2"
  if [ $# -gt 2 ]; then printf '    try: %s\n' "$3"; fi
}
bad() {
  problems=$((problems + 1))
  printf '× %s\n    %s\n    try: %s\n' "$1" "$2" "$3"
}
# A field of what is there, and of what the chart would make; both as kubectl prints them.
now() { kubectl get "$1" "$2" -n "$NAMESPACE" -o "jsonpath=$3"; }
then_() { kubectl create --dry-run=client --validate=false -n "$NAMESPACE" -f "$work/$1.yaml" -o "jsonpath=$2"; }

set -- -f "$CHART/values.yaml"
for file in $VALUES; do set -- "$@" -f "$file"; done
# What helm says, without what it says about itself.
said() { sed -e '/^ *$/d' -e '/^Error: execution error/d' -e '/These values do not work/d' -e '/--debug flag/d' "$work/why" | sed '2,$s/^ */    /;1s/^ *//'; }
render() { helm template "$RELEASE" "$CHART" "$@" -n "$NAMESPACE" --is-upgrade; }

printf 'helm get values %s -n %s; kubectl get deployment %s, pvc %s, secrets\n\n' "$RELEASE" "$NAMESPACE" "$deployment" "$claim" >&2
if ! helm get values "$RELEASE" -n "$NAMESPACE" -o yaml >"$work/values" 2>"$work/why"; then
  printf 'error: there is no release %s in namespace %s to be looked at (%s)\ntry: helm list -n %s\n' \
    "$RELEASE" "$NAMESPACE" "$(tr '\n' ' ' <"$work/why")" "$NAMESPACE" >&2
  exit 2
fi

# ---- values

statement="the values that the running release was given are values of this chart"
if helm template "$RELEASE" "$CHART" -n "$NAMESPACE" --is-upgrade -f "$work/values" >/dev/null 2>"$work/why"; then
  good "$statement"
else
  look "$statement" "$(said)" "leave them out of VALUES, or rename them as said above"
fi

statement="the values of the upgrade are good"
if render "$@" >"$work/all.yaml" 2>"$work/why"; then
  good "$statement"
else
  bad "$statement" "$(said)" "correct the values file, and check again"
  printf '\n× cannot be taken over yet: the chart does not render\n'
  exit 1
fi
render "$@" -s templates/deployment.yaml >"$work/deployment.yaml"

# ---- selector

statement="the selector of the Deployment stays as it is"
if ! found=$(now deployment "$deployment" '{.spec.selector.matchLabels}' 2>"$work/why"); then
  look "$statement" "there is no Deployment $deployment: $(tr '\n' ' ' <"$work/why")" "helm get manifest $RELEASE -n $NAMESPACE"
elif wanted=$(then_ deployment '{.spec.selector.matchLabels}') && [ "$found" = "$wanted" ]; then
  good "$statement"
else
  bad "$statement" "it is $found, and would be $wanted; Kubernetes lets nobody change it" "write to a values file: selectorLabels: $found"
fi

# ---- claim

statement="the claim stays as it is"
if ! render "$@" -s templates/pvc.yaml >"$work/pvc.yaml" 2>/dev/null; then
  if kubectl get pvc "$claim" -n "$NAMESPACE" >/dev/null 2>&1; then
    look "$statement" "$claim is there, and the chart would make none" "persistence.enabled, persistence.existingClaim"
  else
    good "$statement (none is there, and none would be made)"
  fi
elif ! kubectl get pvc "$claim" -n "$NAMESPACE" >/dev/null 2>&1; then
  look "$statement" "there is no $claim; the upgrade would make one, empty" "persistence.existingClaim, if the data lies in another claim"
else
  differences=
  for field in .spec.accessModes .spec.volumeName .spec.storageClassName; do
    found=$(now pvc "$claim" "{$field}")
    wanted=$(then_ pvc "{$field}")
    # What the chart leaves open the cluster has filled in.
    if [ -n "$wanted" ] && [ "$found" != "$wanted" ]; then differences="$differences $field is $found and would be $wanted;"; fi
  done
  if [ -z "$differences" ]; then
    good "$statement"
  else
    bad "$statement" "$claim:${differences%;}" "set persistence.accessMode, .volumeName and .storageClass to what is there"
  fi
  if [ "$(now pvc "$claim" '{.metadata.annotations.helm\.sh/resource-policy}')" = keep ]; then
    good "the claim is kept when the release is uninstalled"
  else
    look "the claim is kept when the release is uninstalled" "it is not, until it has been upgraded" \
      "kubectl annotate pvc $claim -n $NAMESPACE helm.sh/resource-policy=keep"
  fi
fi

# ---- Secrets

for secret in $(then_ deployment '{range .spec.template.spec.containers[*].envFrom[*]}{.secretRef.name}{"\n"}{end}{range .spec.template.spec.volumes[*]}{.secret.secretName}{"\n"}{end}' | sort -u); do
  statement="the Secret $secret is there"
  if kubectl get secret "$secret" -n "$NAMESPACE" >/dev/null 2>&1; then
    good "$statement"
  elif grep -q "name: $secret\$" "$work/all.yaml" && grep -q '^kind: Secret' "$work/all.yaml"; then
    good "$statement, or made by the upgrade"
  else
    case $secret in
    coscine-*) how="make create-coscine-secret" ;;
    *) how="see Secrets in $CHART/README.md" ;;
    esac
    look "$statement" "it is not; the worker starts without it and says what it misses" "$how"
  fi
done

if [ "$problems" = 0 ]; then
  printf '\n√ can be taken over: make restart_ramses_processing\n'
else
  printf '\n× cannot be taken over yet: %s to be mended first\n' "$problems"
  exit 1
fi
