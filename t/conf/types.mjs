/*
 * Copyright (C) chatws contributors
 *
 * types.mjs FILE ...: checks examples of the documents in JavaScript and
 * TypeScript against the types of the browser client.
 */

import { require, build, packageDir } from '../web/modules.mjs';

const ts = require('typescript');
const types = `${build}node_modules/@types`;

const options = {
    allowJs: true,
    checkJs: true,
    jsx: ts.JsxEmit.ReactJSX,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    noEmit: true,
    paths: {
        'chatws': [`${packageDir}chatws.d.ts`],
        'chatws/react': [`${packageDir}chatws-react.d.ts`],
        'react': [`${types}/react`],
        'react/*': [`${types}/react/*`],
    },
    target: ts.ScriptTarget.ES2022,
    types: [],
};

const program = ts.createProgram(process.argv.slice(2), options);
const faults = ts.getPreEmitDiagnostics(program);

console.log(ts.formatDiagnostics(faults, {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => '.',
    getNewLine: () => '\n',
}));

process.exit(faults.length && 1);
