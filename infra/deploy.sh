#!/usr/bin/env bash
# infra/deploy.sh staging|production [--dry-run] [--no-smoke]
#   Packs the native binary (artifacts/publish, as ./test.sh leaves it), uploads it, shows what would change, asks, changes it,
#   records the change, and runs infra/smoke.sh. --dry-run prints each command and calls nothing.
# The stack's parameters stand in infra/STAGE.parameters, lines NAME=VALUE (infra/example.parameters); no secret is among them.
# DEPLOY_PACKAGES names the bucket of packages that infra/bootstrap.yaml made.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
usage() { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
arguments "$@"
smoke=yes
for argument in "${rest[@]}"; do
    case $argument in
        --no-smoke) smoke= ;;
        *) usage ;;
    esac
done
need jq sha256sum
[[ -n $dry ]] || need aws

# pack FILE FOLDER: by 7-Zip (Debian's 7zip), whose deflate takes half a minute and is 3 % smaller than zip's.
pack() {
    local seven
    if seven=$(command -v 7zz || command -v 7z); then
        (cd "$2" && "$seven" a -tzip -mx=9 -mfb=258 -mpass=15 -mtc=off -mta=off -mtm=off "$1" bootstrap replymint >/dev/null)
    else
        need zip
        (cd "$2" && TZ=UTC zip -9 -X -q "$1" bootstrap replymint)
    fi
}

binary=${DEPLOY_PUBLISHED:-$root/artifacts/publish}
given=${DEPLOY_PARAMETERS:-$root/infra/$stage.parameters}
packages=${DEPLOY_PACKAGES:-}
work=${DEPLOY_WORK:-$root/artifacts/deploy/$stage}
# Lambda would take more; a start takes longer with each. Wanted are 20 million: docs/aws.md says what is missing.
most=22000000

[[ -n $packages ]] || die "DEPLOY_PACKAGES must name the bucket of packages (the output PackageBucket of the stack replymint-bootstrap)"
[[ -f $given ]] || die "there is no $given; see infra/example.parameters"
[[ -f $binary/replymint ]] || die "$binary/replymint is not there; ./test.sh builds it"
grep -qE '^(Stage|PackageBucket|PackageKey|ChangedBy)=' "$given" && die "$given must not set Stage, PackageBucket, PackageKey or ChangedBy"
mkdir -p "$work"

# 1. The package: the same files make the same bytes, so what has not changed is not deployed again.
rm -rf "$work/package" "$work/package.zip"
mkdir -p "$work/package"
# Without libe_sqlite3.so, which is the embedded store's: here the store is DynamoDB.
cp "$binary/replymint" "$work/package/"
printf '#!/bin/sh\nexec "$LAMBDA_TASK_ROOT/replymint" lambda\n' >"$work/package/bootstrap"
chmod 755 "$work/package"/*
find "$work/package" -exec touch -d 2000-01-01T00:00:00Z {} +
pack "$work/package.zip" "$work/package"
size=$(stat -c %s "$work/package.zip")
((size <= most)) || die "the package has $size bytes; at most $most$(command -v 7zz 7z >/dev/null || echo ". Debian's 7zip packs it smaller")"
package=packages/$(sha256sum "$work/package.zip" | cut -c1-32).zip
echo "Package: $package, $size bytes"

# 2. The template. A deployment of the API is made once; another template needs another one, under another name.
mark=$(sha256sum "$root/infra/template.yaml" | cut -c1-12)
sed "s/\bApiDeployment\b/ApiDeployment$mark/g" "$root/infra/template.yaml" >"$work/template.yaml"
template=templates/$(sha256sum "$work/template.yaml" | cut -c1-32).yaml

# 3. Upload.
account=$(ask account aws sts get-caller-identity --query Account --output text)
who=$(ask author aws sts get-caller-identity --query Arn --output text)
run aws s3 cp --only-show-errors "$work/package.zip" "s3://$packages/$package"
run aws s3 cp --only-show-errors "$work/template.yaml" "s3://$packages/$template"
region=${AWS_REGION:-$(ask region aws configure get region)}

# 4. What would change.
jq -Rn --arg stage "$stage" --arg by "$who" --arg bucket "$packages" --arg key "$package" '
    [inputs | select(test("^[A-Za-z0-9]+=")) | {ParameterKey: (split("=")[0]), ParameterValue: (split("=")[1:] | join("="))}]
    + [{ParameterKey: "Stage", ParameterValue: $stage}, {ParameterKey: "PackageBucket", ParameterValue: $bucket}, {ParameterKey: "PackageKey", ParameterValue: $key},
       {ParameterKey: "ChangedBy", ParameterValue: $by}]' \
    "$given" >"$work/parameters.json"
kind=UPDATE
if [[ -z $dry ]] && ! aws cloudformation describe-stacks --stack-name "$stack" >/dev/null 2>&1; then kind=CREATE; fi
[[ $kind == CREATE ]] || ask before aws cloudformation get-template --stack-name "$stack" --template-stage Original --query TemplateBody --output text >"$work/before.yaml"
change=change-$(date -u +%Y%m%d%H%M%S)
run aws cloudformation create-change-set --stack-name "$stack" --change-set-name "$change" --change-set-type "$kind" \
    --template-url "https://$packages.s3.$region.amazonaws.com/$template" --parameters "file://$work/parameters.json" \
    --capabilities CAPABILITY_NAMED_IAM --tags "Key=replymint:stage,Value=$stage" ${DEPLOY_ROLE:+--role-arn "$DEPLOY_ROLE"}
changed=yes
if ! run aws cloudformation wait change-set-create-complete --stack-name "$stack" --change-set-name "$change"; then
    reason=$(aws cloudformation describe-change-set --stack-name "$stack" --change-set-name "$change" --query StatusReason --output text)
    [[ $reason == *"didn't contain changes"* || $reason == *"No updates"* ]] || die "the change set failed: $reason"
    run aws cloudformation delete-change-set --stack-name "$stack" --change-set-name "$change"
    echo "Nothing would change."
    changed=
fi

# 5. Ask, change, and say who did what.
if [[ -n $changed ]]; then
    run aws cloudformation describe-change-set --stack-name "$stack" --change-set-name "$change" --output table \
        --query 'Changes[].ResourceChange.{Action:Action,Resource:LogicalResourceId,Type:ResourceType,Replacement:Replacement}'
    replaced=$(ask replaced aws cloudformation describe-change-set --stack-name "$stack" --change-set-name "$change" --output text \
        --query "Changes[?ResourceChange.Replacement=='True' && (ResourceChange.ResourceType=='AWS::DynamoDB::Table' || ResourceChange.ResourceType=='AWS::KMS::Key' || ResourceChange.ResourceType=='AWS::S3::Bucket')].ResourceChange.LogicalResourceId")
    [[ -n $dry || -z $replaced || $replaced == None ]] || die "$replaced would be replaced by an empty one: that is never done by this script"
    confirm "$stage" "This changes $stack in the account $account."
    run aws cloudformation execute-change-set --stack-name "$stack" --change-set-name "$change"
    run aws cloudformation wait "stack-${kind,,}-complete" --stack-name "$stack"
    run aws cloudformation update-termination-protection --stack-name "$stack" --enable-termination-protection
    rules=$(output MailRules)
    [[ -z $rules || $rules == None ]] || run aws ses set-active-receipt-rule-set --rule-set-name "$rules"
    jq -n --arg by "$who" --arg at "$(now)" --arg stack "$stack" --arg change "$change" --arg package "$package" --arg template "$template" \
        --rawfile before <(cat "$work/before.yaml" 2>/dev/null || true) --rawfile after "$work/template.yaml" \
        '{v: 1, kind: "deploy", by: $by, at: $at, stack: $stack, change: $change, package: $package, template: $template, before: $before, after: $after}' >"$work/$change.json"
    run aws s3 cp --only-show-errors "$work/$change.json" "s3://$packages/changes/$stage/$change.json"
    # The product's own record is the operator's to write: who deploys need not be let into the store.
    [[ -s $work/before.yaml ]] || : >"$work/before.yaml"
    echo "An operator writes it down, too: replymint record change infrastructure --by $(printf %q "$who") --before $work/before.yaml --after $work/template.yaml"
fi

# 6. Does it work?
[[ -z $smoke ]] || "$root/infra/smoke.sh" "$stage" ${dry:+--dry-run}
