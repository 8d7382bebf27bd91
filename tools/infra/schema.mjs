// Whether each resource and each of its properties is one that AWS knows, and all that it requires is there.
import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';

export async function schema(templates) {
    const db = await loadAwsServiceSpec();
    const wrong = [];
    let good = 0;
    for (const [file, template] of Object.entries(templates))
        for (const [name, resource] of Object.entries(template.Resources)) {
            const known = [...db.lookup('resource', 'cloudFormationType', 'equals', resource.Type)];
            const before = wrong.length;
            if (known.length === 0)
                wrong.push(`${file} ${name}: there is no ${resource.Type}`);
            else
                members(`${file} ${name}`, resource.Properties ?? {}, known[0].properties);
            if (wrong.length === before)
                good++;
        }
    return { good, wrong };

    function members(path, value, properties) {
        for (const [name, property] of Object.entries(properties))
            if (property.required && !(name in value))
                wrong.push(`${path}.${name} is missing`);
        for (const [name, inner] of Object.entries(value))
            if (name in properties)
                of(`${path}.${name}`, inner, properties[name].type);
            else
                wrong.push(`${path}.${name} is no property`);
    }

    function of(path, value, type) {
        const intrinsic = intrinsicOf(value);
        if (intrinsic === 'Fn::If') {
            value['Fn::If'].slice(1).forEach(one => of(path, one, type));
            return;
        }
        if (intrinsic)
            return;
        switch (type.type) {
            case 'string': case 'date-time': scalar(path, value, () => true); break;
            case 'boolean': scalar(path, value, text => text === 'true' || text === 'false'); break;
            case 'integer': scalar(path, value, text => /^-?[0-9]+$/.test(text)); break;
            case 'number': scalar(path, value, text => text !== '' && !Number.isNaN(Number(text))); break;
            case 'array':
                if (!Array.isArray(value))
                    wrong.push(`${path} is no list`);
                else
                    value.forEach((one, i) => of(`${path}.${i}`, one, type.element));
                break;
            case 'map':
                if (typeof value !== 'object' || Array.isArray(value))
                    wrong.push(`${path} is no map`);
                else
                    Object.entries(value).forEach(([name, one]) => of(`${path}.${name}`, one, type.element));
                break;
            case 'ref':
                if (typeof value !== 'object' || Array.isArray(value))
                    wrong.push(`${path} is no object`);
                else
                    members(path, value, db.get('typeDefinition', type.reference.$ref).properties);
                break;
            case 'union': {
                const before = wrong.length;
                for (const one of type.types) {
                    of(path, value, one);
                    if (wrong.length === before)
                        return;
                    wrong.length = before;
                }
                wrong.push(`${path} is none of what it may be`);
                break;
            }
            default:
                // JSON of any form, such as a policy.
                break;
        }
    }

    function scalar(path, value, fits) {
        if (typeof value !== 'string' || !fits(value))
            wrong.push(`${path} can't be ${JSON.stringify(value)}`);
    }
}

function intrinsicOf(value) {
    const names = value && typeof value === 'object' && !Array.isArray(value) ? Object.keys(value) : [];
    return names.length === 1 && (names[0] === 'Ref' || names[0].startsWith('Fn::')) ? names[0] : null;
}
