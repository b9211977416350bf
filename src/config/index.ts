export { Environment, type UrlOptions, type Variables } from './environment.ts';
