// Reply bodies against Discord's official OpenAPI document. SPEC names the document; by default it
// lies beside the repository.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import Ajv from 'ajv/dist/2020.js';

import { ROOT } from './server.mjs';

export const SPEC = resolve(process.env.SPEC ?? resolve(ROOT, '../shared/spec/discord-openapi-v10.json'));

// What a suite says that cannot run; a failure where everything must be there.
export const MISSING = existsSync(SPEC) ? null
    : `CANNOT CHECK REPLIES AGAINST DISCORD'S SCHEMA: ${SPEC} is not there (set SPEC)`;
export const MUST = process.env.CI === 'true';

export class Spec {
    constructor() {
        this.document = JSON.parse(readFileSync(SPEC, 'utf8'));
        this.ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
        // One big schema, so that "#/components/..." references resolve inside it.
        this.ajv.addSchema({ ...this.document, $id: 'discord' }, 'discord');
        this.compiled = new Map();
        // Names of parameters differ; a path is known by its shape.
        this.paths = new Map(Object.keys(this.document.paths).map((path) => [Spec.shape(path), path]));
    }

    static shape(path) {
        return path.replaceAll(/\{[^}]+\}/g, '{}');
    }

    #at(pointer) {
        if (!this.compiled.has(pointer))
            this.compiled.set(pointer, this.ajv.compile({ $ref: `discord#/${pointer}` }));
        return this.compiled.get(pointer);
    }

    component(name) {
        return this.#at(`components/schemas/${name}`);
    }

    // The operation of a route, or undefined where the document does not know it.
    operation(method, path) {
        const known = this.paths.get(Spec.shape(path));
        return this.document.paths[known]?.[method.toLowerCase()];
    }

    // The validator of the JSON body of an operation's answer; undefined: it has none.
    body(method, path, status) {
        const response = this.operation(method, path)?.responses[status];
        if (response?.content?.['application/json'] === undefined)
            return undefined;
        return this.#at(['paths', this.paths.get(Spec.shape(path)), method.toLowerCase(), 'responses',
            String(status), 'content', 'application/json', 'schema'].map((part) => encodeURIComponent(
            part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/'));
    }
}

export function assertValid(validate, body, what) {
    assert.ok(validate(body), `${what}: ${JSON.stringify((validate.errors ?? []).slice(0, 5), null, 1)}\n` +
        JSON.stringify(body).slice(0, 2000));
}
