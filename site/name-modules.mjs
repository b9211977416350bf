import { Converter, ReflectionKind } from 'typedoc';

/** TypeDoc names a module by its file. A user knows it by what an import says. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, context => {
    const names = JSON.parse(process.env.SITE_MODULE_NAMES ?? '{}');
    for (const module of context.project.getChildrenByKind(ReflectionKind.Module)) {
      const name = names[module.name];
      if (name === undefined) throw new Error(`Expected a name for the module ${module.name}, found none.`);
      module.name = name;
    }
  });
}
