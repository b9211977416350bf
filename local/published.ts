/** The packages that users install, in the order in which they depend on each other. */
export const PUBLISHED = ['packages/shiftwork', 'packages/dashboard', 'packages/create-shiftwork'] as const;
