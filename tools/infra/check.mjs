// Asks tools of others about infra/template.yaml and infra/bootstrap.yaml. The last line is "N passed, N failed".
//   node check.mjs FOLDER     with what the tests wrote there (REPLYMINT_TEST_INFRA)
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schema } from './schema.mjs';
import { packs } from './packs.mjs';
import { access } from './access.mjs';

const written = name => JSON.parse(readFileSync(join(process.argv[2], `${name}.json`), 'utf8'));
const checks = {
    'schema of AWS': () => schema({ template: written('template'), bootstrap: written('bootstrap') }),
    'cdk-nag and cfn-guard': packs,
    'who may do what': () => access(written('access')),
};
let passed = 0;
let failed = 0;
for (const [name, check] of Object.entries(checks)) {
    const { good, wrong } = await check();
    passed += good;
    failed += wrong.length;
    console.log(`${name}: ${good} passed, ${wrong.length} failed`);
    for (const one of wrong)
        console.log(`  ${one}`);
}
console.log(`${passed} passed, ${failed} failed`);
// What the CDK thinks of its findings does not count: the reasons for them stand in reasons.mjs.
process.exit(failed === 0 && passed > 0 ? 0 : 1);
