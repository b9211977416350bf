export {
  checkTarget,
  guardedLookup,
  isPublicAddress,
  isThisMachine,
  type AllowedHosts,
  type Resolver,
} from './address-guard.ts';
export { classifyNetworkError, classifyReply } from './classify.ts';
export { post, type Answer, type Post, type PostOptions } from './post.ts';
export { retryAfterMs } from './retry-after.ts';
