#!/usr/bin/env bash
# infra/drift.sh staging|production [--record] [--dry-run]
#   Compares what is deployed with the template of this folder (SOC-2): was the template deployed as it stands here, and is each
#   resource still as it was deployed? --record writes the finding down by `replymint record change`,
#   whatever it is. The status is 1 when something differs. Addresses that infra/edge.sh blocked, limits that it set to 0 and sources that it switched off show here, too.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage() { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
arguments "$@"
record=
for argument in "${rest[@]}"; do
    case $argument in
        --record) record=yes ;;
        *) usage ;;
    esac
done
need aws jq sha256sum
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
findings=()

mark=$(sha256sum "$root/infra/template.yaml" | cut -c1-12)
sed "s/\bApiDeployment\b/ApiDeployment$mark/g" "$root/infra/template.yaml" >"$work/here.yaml"
ask template aws cloudformation get-template --stack-name "$stack" --template-stage Original --query TemplateBody --output text >"$work/there.yaml"
# AWS's CLI ends what it prints with a line end of its own.
if [[ -z $dry ]] && ! diff -u --label deployed <(printf '%s\n' "$(cat "$work/there.yaml")") --label here <(printf '%s\n' "$(cat "$work/here.yaml")") >"$work/diff"; then
    cat "$work/diff"
    findings+=("the deployed template is another one than here")
fi

id=$(ask detection aws cloudformation detect-stack-drift --stack-name "$stack" --query StackDriftDetectionId --output text)
while :; do
    status=$(ask DETECTION_COMPLETE aws cloudformation describe-stack-drift-detection-status --stack-drift-detection-id "$id" --query DetectionStatus --output text)
    case $status in
        *DETECTION_COMPLETE*) break ;;
        DETECTION_IN_PROGRESS) sleep 5 ;;
        *) die "the detection ended as $status" ;;
    esac
done
ask '{"StackResourceDrifts":[]}' aws cloudformation describe-stack-resource-drifts --stack-name "$stack" --stack-resource-drift-status-filters MODIFIED DELETED --output json >"$work/drifts"
if [[ -z $dry ]]; then
    jq -r '.StackResourceDrifts[] | "\(.LogicalResourceId) (\(.ResourceType)) is \(.StackResourceDriftStatus)", (.PropertyDifferences[]? | "  \(.PropertyPath): expected \(.ExpectedValue), is \(.ActualValue)")' "$work/drifts"
    mapfile -t changed < <(jq -r '.StackResourceDrifts[].LogicalResourceId' "$work/drifts")
    findings+=("${changed[@]}")
fi

if ((${#findings[@]} == 0)); then note="drift of $stack at $(now): none"; else note="drift of $stack at $(now): ${findings[*]}"; fi
[[ -z $dry ]] || note="drift of $stack at $(now): what is found"
echo "$note"
if [[ -n $record ]]; then
    by=$(ask author aws sts get-caller-identity --query Arn --output text)
    [[ -n $dry ]] || for side in Expected Actual; do
        jq --arg side "$side" --arg template "$(sha256sum <<<"$(cat "$work/$([[ $side == Expected ]] && echo here || echo there).yaml")" | cut -c1-16)" --arg at "$([[ $side == Expected ]] || now)" \
            '[.StackResourceDrifts[] | .LogicalResourceId as $of | (.PropertyDifferences[]? | {("\($of)\(.PropertyPath)"): .["\($side)Value"]}), {($of): (if $side == "Expected" then "IN_SYNC" else .StackResourceDriftStatus end)}]
             | add // {} | . + {template: $template, lookedAt: $at}' "$work/drifts" >"$work/$side.json"
    done
    run replymint record change "drift of $stack" --by "$by" --before "$work/Expected.json" --after "$work/Actual.json"
fi
((${#findings[@]} == 0))
