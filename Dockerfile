# syntax=docker/dockerfile:1
# Three images of one checkout: `shiftwork` (worker, dashboard and command; the default), and `shop`, the example web app.

FROM node:24-slim AS manifests
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY local/binaries/package.json local/binaries/
COPY packages/shiftwork/package.json packages/shiftwork/
COPY packages/dashboard/package.json packages/dashboard/
COPY packages/create-shiftwork/package.json packages/create-shiftwork/

# --workspaces=false leaves out local/binaries: the image has its own Node, and PostgreSQL is another service.
FROM manifests AS build
RUN npm ci --workspaces=false --ignore-scripts
COPY . .
RUN npm run build

# TypeScript comes along as an optional peer of one of Bull Board's packages; nothing that runs needs it, and it is a third of the image's modules.
FROM manifests AS modules
RUN npm ci --omit=dev --workspaces=false --ignore-scripts \
  && rm -rf node_modules/typescript node_modules/@typescript node_modules/.bin/tsc

FROM node:24-slim AS base
ENV NODE_ENV=production
WORKDIR /app
# Owned by root and run by another: the process cannot change its own code.
COPY --from=modules /app/node_modules node_modules
COPY package.json ./
USER node

# Node strips the types: the example needs no build of its own.
FROM base AS shop
COPY src src
COPY jobs jobs
COPY producers producers
COPY workers workers
COPY examples examples
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "examples/shop/main.ts"]

FROM base AS shiftwork
COPY --from=build /app/dist dist
# Whether a worker with this environment could start now: configuration, engine, clock.
HEALTHCHECK --interval=60s --timeout=15s --start-period=20s CMD ["node", "dist/src/cli/main.js", "check"]
# Exec form: signals reach Node itself. The dashboard is `node dist/dashboard/main.js`.
CMD ["node", "dist/workers/main.js"]
