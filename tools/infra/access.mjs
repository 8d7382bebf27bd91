// The table of tests/ReplyMint.Tests/Infra/AccessTable.cs, answered by another reader of IAM's rules.
import { runSimulation } from '@cloud-copilot/iam-simulate';

export async function access(stacks) {
    const wrong = [];
    let good = 0;
    for (const stack of stacks)
        for (const row of stack.rows) {
            const role = stack.roles[row.role];
            const answer = await runSimulation(question(stack, role, row), {});
            const may = answer.resultType === 'error' ? `error: ${JSON.stringify(answer.errors)}` : answer.overallResult === 'Allowed';
            if (may === row.may)
                good++;
            else
                wrong.push(`${stack.stage}: ${row.role} ${row.action} on ${row.resource}: ${typeof may === 'string' ? may : answer.overallResult}, expected ${row.may ? 'allowed' : 'refused'}`);
        }
    return { good, wrong };
}

function question(stack, role, row) {
    const service = row.action.split(':')[0];
    const endpoint = role.isInVpc && !row.byService && stack.endpoints[service];
    // A bucket's policy speaks of its objects, too.
    const owner = row.resource.startsWith('arn:aws:s3:::') ? row.resource.split('/')[0] : row.resource;
    const name = role.arn.split('/').pop();
    return {
        request: {
            principal: role.arn,
            action: row.action,
            resource: { resource: row.resource, accountId: stack.account },
            contextVariables: {
                'aws:PrincipalAccount': stack.account,
                'aws:PrincipalArn': role.arn,
                'aws:ResourceAccount': stack.account,
                'aws:SecureTransport': 'true',
                's3:TlsVersion': '1.3',
                ...(row.byService ? {} : { 'lambda:SourceFunctionArn': `arn:aws:lambda:eu-central-1:${stack.account}:function:${name}` }),
                ...(row.via ? { 'kms:ViaService': row.via } : {}),
            },
        },
        identityPolicies: role.policy.Statement.length > 0 ? [{ name, policy: role.policy }] : [],
        permissionBoundaryPolicies: [{ name: 'boundary', policy: stack.boundary }],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
        ...(stack.resources[owner] ? { resourcePolicy: stack.resources[owner] } : {}),
        ...(endpoint ? { vpcEndpointPolicies: [{ name: service, policy: endpoint }] } : {}),
    };
}
