#!/usr/bin/env bash
# infra/edge.sh staging|production contain|release WHAT [--incident ID] [--dry-run]
#   address ADDRESS...   the WAF refuses these networks (203.0.113.7/32, 2001:db8::/32) before anything else
#   api                  the gateway lets no request through (its limits become 0; a release puts back the stack's)
#   webhooks             the same of /webhooks only: mail by Mailgun waits there and comes again
#   worker, mail, erase  the function is given no more messages of that queue; they wait, up to four days
#   schedules            no sweep, no look into accounts and no rotation is called
# What waits is not lost. With --incident each act is written into the incident's timeline by `replymint incident note`.
# A deployment (infra/deploy.sh) puts back what the template says only where the template has changed: release before it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage() { sed -n '2,10s/^# //p' "$0" >&2; exit 2; }
arguments "$@"
incident=
act=${rest[0]:-} what=${rest[1]:-}
[[ $act == contain || $act == release ]] || usage
shift_by=2
items=()
rest=("${rest[@]:$((${#rest[@]} < shift_by ? ${#rest[@]} : shift_by))}")
while ((${#rest[@]} > 0)); do
    case ${rest[0]} in
        --incident) incident=${rest[1]:-}; [[ -n $incident ]] || usage; rest=("${rest[@]:2}") ;;
        -*) usage ;;
        *) items+=("${rest[0]}"); rest=("${rest[@]:1}") ;;
    esac
done
need aws jq

parameter() { ask "$1" aws cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue | [0]" --output text; }

# One family of addresses: reads the set, changes it, and writes it back only if nobody else did meanwhile (the lock token).
addresses() {
    local version=$1 name=replymint-$stage-blocked-$1; shift
    (($# > 0)) || return 0
    local id set token all
    id=$(output "WafSet$version")
    if [[ -n $dry ]]; then
        set='{"LockToken":"<token>","IPSet":{"Addresses":[]}}'
        shown aws wafv2 get-ip-set --scope REGIONAL --name "$name" --id "$id" --output json
    else
        set=$(aws wafv2 get-ip-set --scope REGIONAL --name "$name" --id "$id" --output json)
    fi
    token=$(jq -r .LockToken <<<"$set")
    if [[ $act == contain ]]; then
        all=$(jq -c --args '.IPSet.Addresses + $ARGS.positional | unique' "$@" <<<"$set")
    else
        all=$(jq -c --args '.IPSet.Addresses - $ARGS.positional' "$@" <<<"$set")
    fi
    run aws wafv2 update-ip-set --scope REGIONAL --name "$name" --id "$id" --lock-token "$token" --addresses "$all"
}

# Of a route (or */*), in the form of patches: a '/' within the path is ~1.
throttle() {
    local path=$1 rate=$2 burst=$3
    run aws apigateway update-stage --rest-api-id "$(output RestApi)" --stage-name "$stage" --patch-operations \
        "op=replace,path=$path/throttling/rateLimit,value=$rate" "op=replace,path=$path/throttling/burstLimit,value=$burst"
}

source_of() {
    local flag=--enabled
    [[ $act == contain ]] && flag=--no-enabled
    run aws lambda update-event-source-mapping --uuid "$(output "$1")" "$flag"
}

case $what in
    address)
        ((${#items[@]} > 0)) || usage
        four=() six=()
        for item in "${items[@]}"; do
            case $item in
                *:*/*) six+=("$item") ;;
                *.*.*.*/*) four+=("$item") ;;
                *) die "$item is no network such as 203.0.113.7/32 or 2001:db8::/32" ;;
            esac
            # A slip of the finger must not shut everybody out.
            [[ ${item#*/} =~ ^[0-9]+$ ]] && ((${item#*/} >= 16)) || die "$item is wider than /16"
        done
        addresses 4 "${four[@]}"
        addresses 6 "${six[@]}"
        ;;
    api | webhooks)
        if [[ $act == contain ]]; then
            confirm "$stage" "Nobody reaches $what of $stage then."
            [[ $what == webhooks ]] || throttle '/*/*' 0 0
            throttle '/~1webhooks~1{proxy+}/ANY' 0 0
        else
            [[ $what == webhooks ]] || throttle '/*/*' "$(parameter ApiRate)" "$(parameter ApiBurst)"
            throttle '/~1webhooks~1{proxy+}/ANY' "$(parameter WebhookRate)" "$(parameter WebhookBurst)"
        fi
        ;;
    worker) source_of WakeMapping ;;
    mail) source_of MailMapping ;;
    erase) source_of EraseMapping ;;
    schedules)
        for rule in sweep imap rotate; do
            run aws events "$([[ $act == contain ]] && echo disable-rule || echo enable-rule)" --name "replymint-$stage-$rule"
        done
        ;;
    *) usage ;;
esac

note="edge of $stage: $act $what ${items[*]:-} at $(now) by $(ask author aws sts get-caller-identity --query Arn --output text)"
echo "$note"
[[ -z $incident ]] || run replymint incident note "$incident" "$note"
