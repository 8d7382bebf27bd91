// cdk-nag (AwsSolutions) and cfn-guard (Control Tower's rules) on both templates. A finding is mended, or answered in reasons.mjs; a reason
// that nothing asks for any more is a finding, too.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { CfnGuardValidator } from '@cdklabs/cdk-validator-cfnguard';
import { AwsSolutionsChecks } from 'cdk-nag';
import { reasons } from './reasons.mjs';

export async function packs() {
    const wrong = [];
    let good = 0;
    const used = new Set();
    for (const name of ['template', 'bootstrap'])
        for (const { rule, where } of findings(name)) {
            const key = Object.keys(reasons).find(one => {
                const [of, resource] = one.split(' ');
                return of === rule && (resource === '*' || resource === where);
            });
            if (key) {
                used.add(key);
                good++;
            } else {
                wrong.push(`${name} ${where}: ${rule}`);
            }
        }
    for (const key of Object.keys(reasons))
        if (!used.has(key))
            wrong.push(`reasons.mjs: nothing asks for "${key}" any more`);
    return { good, wrong };
}

// Production's form, so that no rule meets a parameter that it can't read.
const parameters = {
    template: {
        Stage: 'production', PackageBucket: 'replymint-packages', PackageKey: 'packages/0.zip', DomainName: 'api.example.com', CertificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/1',
        HostedZoneId: 'Z1', OperatorPrincipal: 'arn:aws:iam::111122223333:role/people', AlarmEmail: 'ops@example.com', MailFrom: 'hello@example.com', MailOut: 'ses', MailgunApiKey: '', MailIn: 'yes', UseVpc: 'yes',
        ApiRate: 200, ApiBurst: 400, WebhookRate: 400, WebhookBurst: 800, AddressRate: 2000, SignInRate: 100, MonthlyBudget: 300,
    },
    bootstrap: { DeployerPrincipal: 'arn:aws:iam::111122223333:role/builds' },
};

function findings(name) {
    const out = mkdtempSync(join(tmpdir(), 'replymint-nag-'));
    try {
        const app = new App({ outdir: out, analyticsReporting: false });
        const stack = new Stack(app, name);
        new CfnInclude(stack, 'T', { templateFile: fileURLToPath(new URL(`../../infra/${name}.yaml`, import.meta.url)), parameters: parameters[name] });
        const nag = new AwsSolutionsChecks().validateScope(app);
        const guard = silently(() => new CfnGuardValidator().validate({ templatePaths: [app.synth().getStackArtifact(stack.artifactId).templateFullPath] }));
        return [nag, guard].flatMap(report => report.violations).flatMap(violation => violation.violatingResources.map(one => ({
            rule: violation.ruleName, where: one.resourceLogicalId ?? one.constructPath.split('/').pop(),
        })));
    } finally {
        rmSync(out, { recursive: true, force: true });
    }
}

function silently(act) {
    const { log, error } = console;
    console.log = console.error = () => { };
    try {
        return act();
    } finally {
        Object.assign(console, { log, error });
    }
}
