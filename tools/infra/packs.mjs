// cdk-nag (AwsSolutions) and cfn-guard (Control Tower's rules) on both templates. A finding is mended, or answered in reasons.mjs; a reason
// that nothing asks for any more is a finding, too.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { App, Stack } from 'aws-cdk-lib';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { AwsSolutionsChecks } from 'cdk-nag';
import { reasons } from './reasons.mjs';

export async function packs() {
    const wrong = [];
    let good = 0;
    const used = new Set();
    for (const name of ['template', 'bootstrap'])
        for (const { rule, where } of findings(name)) {
            const reason = reasons.find(([of, at]) => rule.startsWith(of) && (at === '*' || at.includes(where)));
            if (reason) {
                used.add(reason);
                good++;
            } else {
                wrong.push(`${name} ${where}: ${rule}`);
            }
        }
    for (const reason of reasons)
        if (!used.has(reason))
            wrong.push(`reasons.mjs: nothing asks for ${reason[0]} any more`);
    return { good, wrong };
}

// Production's form, so that no rule meets a parameter that it can't read.
const parameters = {
    template: {
        Stage: 'production', PackageBucket: 'replymint-packages', PackageKey: 'packages/0.zip', ChangedBy: 'arn:aws:sts::111122223333:assumed-role/builds/somebody', DomainName: 'api.example.com', CertificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/1',
        HostedZoneId: 'Z1', OperatorPrincipal: 'arn:aws:iam::111122223333:role/people', AlarmEmail: 'ops@example.com', MailFrom: 'hello@example.com', MailOut: 'ses', MailgunApiKey: '', TenantPlaces: '', MailIn: 'yes', UseVpc: 'yes',
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
        const template = app.synth().getStackArtifact(stack.artifactId).templateFullPath;
        return [...nag.violations.flatMap(violation => violation.violatingResources.map(one => ({ rule: violation.ruleName, where: one.constructPath.split('/').pop() }))), ...guard(template)];
    } finally {
        rmSync(out, { recursive: true, force: true });
    }
}

// The package's own reading of what cfn-guard says breaks on templates that were included, so its program is asked directly.
function guard(template) {
    const home = dirname(createRequire(import.meta.url).resolve('@cdklabs/cdk-validator-cfnguard/package.json'));
    const program = join(home, 'bin', process.platform === 'darwin' ? 'macos' : 'ubuntu', process.arch === 'arm64' ? 'aarch64' : 'x86_64', 'cfn-guard');
    chmodSync(program, 0o755);
    const { stdout, error } = spawnSync(program, ['validate', '--rules', join(home, 'rules', 'control-tower', 'cfn-guard'), '--data', template, '--output-format', 'json', '--show-summary', 'none', '--structured'],
        { encoding: 'utf8', maxBuffer: 1 << 28 });
    if (error)
        throw error;
    return JSON.parse(stdout).flatMap(result => (result.not_compliant ?? []).flatMap(({ Rule }) =>
        [...new Set([...JSON.stringify(Rule).matchAll(/\/Resources\/([A-Za-z0-9]+)/g)].map(match => match[1]))].map(where => ({ rule: Rule.name, where }))));
}
