import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkLinks, checkMarkdown, checkReference } from './check-site.ts';
import { folderGroup, guideGroups, type SidebarGroup } from './guide-list.ts';
import { relink } from './links.ts';
import { llmsText } from './llms.ts';
import { BUILT, PAGES, readPages, ROOT, SITE, type Page } from './pages.ts';
import { entryPoints, writeReference, type PublicName } from './reference.ts';

/** `npm run docs`: the documents and the reference as a site in site/dist, checked. */
const repository = repositoryAddress();
installTools();
rmSync(PAGES, { recursive: true, force: true });
rmSync(BUILT, { recursive: true, force: true });

say('the reference, from the comments of the public types');
const names = writeReference();
writeFileSync(join(PAGES, '.work', 'sidebar.json'), JSON.stringify(referenceSidebar(names)));

const pages = readPages();
say(`${pages.length} documents`);
const broken = pages.flatMap(page => writePage(page));

say('the site');
execFileSync(join(SITE, 'node_modules/.bin/vitepress'), ['build'], {
  cwd: SITE,
  stdio: ['ignore', 'ignore', 'inherit'],
  env: { ...process.env, SITE_REPOSITORY: repository },
});
for (const path of globSync('**/*.md', { cwd: PAGES })) cpSync(join(PAGES, path), join(BUILT, path));
const groups = [
  ...guideGroups(pages),
  folderGroup('About', '.', pages),
  { text: 'Reference', items: referenceSidebar(names) },
];
writeFileSync(join(BUILT, 'llms.txt'), llmsText(pages, groups));
writeFileSync(
  join(BUILT, 'llms-full.txt'),
  pages.map(({ path }) => readFileSync(join(PAGES, path), 'utf8')).join('\n'),
);

say('links, anchors, pictures, and a page for each public name');
const faults = [...broken, ...checkLinks(), ...checkMarkdown(), ...checkReference(names, await importedNames())];
for (const fault of faults) console.error(fault);
console.log(`${faults.length} faults in ${pages.length} documents and ${names.length} names: site/dist`);
process.exitCode = faults.length === 0 ? 0 : 1;

function say(what: string): void {
  console.log(`docs: ${what}`);
}

/** The tools stand in a lock file of their own. What is installed stays until that file changes. */
function installTools(): void {
  const lock = join(SITE, 'package-lock.json');
  const stamp = join(SITE, 'node_modules', '.installed');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(lock, 'utf8')) return;
  say('the tools, from site/package-lock.json');
  execFileSync('npm', ['ci', '--no-progress', '--ignore-scripts'], {
    cwd: SITE,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  writeFileSync(stamp, readFileSync(lock, 'utf8'));
}

function repositoryAddress(): string {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'packages/shiftwork/package.json'), 'utf8')) as {
    readonly repository: { readonly url: string };
  };
  return manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
}

function writePage(page: Page): readonly string[] {
  const linked = relink(page, pages, repository);
  write(join(PAGES, page.path), linked.text);
  for (const asset of linked.assets) {
    const target = join(PAGES, 'public', asset);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(ROOT, asset), target);
  }
  return linked.broken.map(link => `${link}: there is no such file`);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function referenceSidebar(all: readonly PublicName[]): SidebarGroup['items'] {
  return [...new Set(all.map(({ specifier }) => specifier))].map(specifier => ({
    text: specifier,
    link: `/reference/${specifier}/`,
  }));
}

/** What an import gives at run time: the reference is held against it, so that no name is lost between the two. */
async function importedNames(): Promise<ReadonlySet<string>> {
  const modules = await Promise.all(
    entryPoints().map(async ({ specifier, source }) => {
      const module: unknown = await import(join(ROOT, source));
      return Object.keys(Object(module)).map(name => `${specifier} ${name}`);
    }),
  );
  return new Set(modules.flat());
}
