# syntax=docker/dockerfile:1
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY local/binaries/package.json local/binaries/
RUN npm ci --omit=optional --ignore-scripts
COPY . .
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY local/binaries/package.json local/binaries/
RUN npm ci --omit=dev --omit=optional --ignore-scripts && rm -rf local node_modules/@shiftwork

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/package.json package.json
COPY --from=build --chown=root:root /app/dist dist
USER node
# Exec form: signals must reach Node itself.
CMD ["node", "dist/workers/main.js"]
