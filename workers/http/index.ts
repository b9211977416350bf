export { checkTarget, isPublicAddress, isThisMachine, type AllowedHosts, type Resolver } from './address-guard.ts';
export { post } from './post.ts';
