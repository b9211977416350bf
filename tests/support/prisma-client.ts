import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { getPrismaClient } from '@prisma/client/runtime/client';
import type { PrismaTransaction } from '../../src/outbox/index.ts';

/** What of Prisma a test of an adapter needs. */
export interface PrismaDatabase {
  /** Prisma's own, which is in no transaction. */
  readonly client: object;
  transaction(use: (tx: PrismaTransaction) => Promise<void>): Promise<unknown>;
  close(): Promise<void>;
}

/** Node has it; the types of Node do not say so. */
declare const WebAssembly: { readonly Module: new (bytes: Uint8Array) => object };

const requireCompiler = createRequire(import.meta.url);
const COMPILER = '@prisma/client/runtime/query_compiler_small_bg.postgresql';

/**
 * Prisma's own client for a schema without models, as `prisma generate` 7.10 writes one, without its types. The generator itself is
 * not a dependency, because it wants to download an engine.
 */
const PrismaClient = getPrismaClient({
  previewFeatures: [],
  clientVersion: '7.10.0',
  engineVersion: '',
  activeProvider: 'postgresql',
  inlineSchema: 'datasource db {\n  provider = "postgresql"\n}\n',
  runtimeDataModel: { models: {}, enums: {}, types: {} },
  parameterizationSchema: { strings: [], graph: 'AAAA' },
  compilerWasm: {
    getRuntime: async () => requireCompiler(`${COMPILER}.js`),
    getQueryCompilerWasmModule: async () => {
      const { wasm } = requireCompiler(`${COMPILER}.wasm-base64.js`);
      return new WebAssembly.Module(Buffer.from(wasm, 'base64'));
    },
    importName: './query_compiler_small_bg.js',
  },
});

export function openPrisma(url: string): PrismaDatabase {
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 4 }) });
  return {
    client,
    transaction: use => client.$transaction((tx: PrismaTransaction) => use(tx)),
    close: () => client.$disconnect(),
  };
}
