export { Environment, type UrlOptions, type Variables } from './environment.ts';
export {
  decoyHash,
  hashPassword,
  MAX_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  passwordHashProblem,
  verifyPassword,
} from './password.ts';
