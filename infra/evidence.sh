#!/usr/bin/env bash
# infra/evidence.sh staging|production --incident ID --since TIME [--until TIME] --passphrase-file FILE --out FILE [--dry-run]
#   Gathers what AWS saw (times as 2030-01-31T02:00:00Z): the gateway's access log, the WAF's log, the functions' logs, refused
#   packets, and the trail's acts; then takes the product's own evidence with them into one sealed, signed bundle.
# It only reads. Logs are kept for 30 days, acts of the trail for 90 (older ones lie in the bucket of the trail).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage() { sed -n '2,5s/^# //p' "$0" >&2; exit 2; }
arguments "$@"
incident='' since='' until=$(now) passphrase='' out=''
while ((${#rest[@]} > 1)); do
    case ${rest[0]} in
        --incident) incident=${rest[1]} ;;
        --since) since=${rest[1]} ;;
        --until) until=${rest[1]} ;;
        --passphrase-file) passphrase=${rest[1]} ;;
        --out) out=${rest[1]} ;;
        *) usage ;;
    esac
    rest=("${rest[@]:2}")
done
[[ ${#rest[@]} -eq 0 && -n $incident && -n $since && -n $passphrase && -n $out ]] || usage
from=$(date -u -d "$since" +%s) || die "$since is no time"
to=$(date -u -d "$until" +%s) || die "$until is no time"
((from < to)) || die "--since is not before --until"
need aws jq
[[ ! -e $out ]] || die "$out is there already"
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Logs Insights gives at most 10,000 lines for a query: a span that holds as many is halved, so nothing is left out.
most=10000
query() {
    local name=$1 group=$2 start=$3 end=$4 id status lines
    id=$(ask query aws logs start-query --log-group-name "$group" --start-time "$start" --end-time "$end" --limit "$most" \
        --query-string 'fields @timestamp, @message, @logStream | sort @timestamp asc' --query queryId --output text)
    if [[ -n $dry ]]; then shown aws logs get-query-results --query-id "$id" --output json; return; fi
    while :; do
        aws logs get-query-results --query-id "$id" --output json >"$work/answer"
        status=$(jq -r .status "$work/answer")
        case $status in
            Complete) break ;;
            Scheduled | Running) sleep 1 ;;
            *) die "the query of $group ended as $status" ;;
        esac
    done
    lines=$(jq '.results | length' "$work/answer")
    if ((lines >= most && end - start > 1)); then
        query "$name" "$group" "$start" $(((start + end) / 2))
        query "$name" "$group" $(((start + end) / 2 + 1)) "$end"
        return
    fi
    jq -c '.results[] | map({(.field): .value}) | add | del(."@ptr")' "$work/answer" >>"$work/$name"
}

group_of() { [[ $1 == waf ]] && echo "aws-waf-logs-replymint-$stage" || echo "/replymint/$stage/$1"; }

for log in access waf api worker sweep imap rotate erase alarm flow; do
    : >"$work/aws-$log.jsonl"
    # Without a VPC there is no log of packets.
    if [[ $log == flow && -z $dry ]] && ! aws logs start-query --log-group-name "$(group_of flow)" --start-time "$from" --end-time "$from" --query-string 'fields @timestamp' >/dev/null 2>&1; then continue; fi
    query "aws-$log.jsonl" "$(group_of "$log")" "$from" "$to"
done
# Each page is asked for by the CLI itself.
ask '{"Events":[]}' aws cloudtrail lookup-events --start-time "$since" --end-time "$until" --output json >"$work/trail"
[[ -n $dry ]] || jq -c '.Events[] | (.CloudTrailEvent | fromjson)' "$work/trail" >"$work/aws-trail.jsonl"
rm -f "$work/trail" "$work/answer"
[[ -n $dry ]] || (cd "$work" && sha256sum aws-*.jsonl && wc -l aws-*.jsonl)

# A bundle takes files of 16 MB, 128 MB altogether.
also=()
total=0
for file in "$work"/aws-*.jsonl; do
    size=$(stat -c %s "$file")
    total=$((total + size))
    if ((size > 15000000)); then
        split -C 15000000 --additional-suffix=.jsonl "$file" "${file%.jsonl}-"
        rm "$file"
        for part in "${file%.jsonl}"-*.jsonl; do also+=(--also "$part"); done
    else
        also+=(--also "$file")
    fi
done
((total <= 128000000)) || die "that is more than a bundle holds ($total bytes): take it in shorter spans"
run replymint incident evidence --incident "$incident" --since "$since" "${also[@]}" --out "$out" --passphrase-file "$passphrase"
