FROM node:24-trixie-slim AS base
WORKDIR /app
ENV NODE_ENV=production

FROM base AS build
COPY package.json package-lock.json ./
RUN npm ci --include=dev --omit=optional --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY migrations ./migrations
RUN npm run build

FROM base AS dependencies
COPY package.json package-lock.json ./
# The optional dependencies are the embedded PostgreSQL, which production does not use.
RUN npm ci --omit=dev --omit=optional --ignore-scripts
# Node reads no source maps, types, tests and manuals of packages, nor their builds for browsers. Their licenses stay.
RUN find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.[cm]ts' -o -name '*.md' \) ! -iname 'license*' -delete \
  && find node_modules -type d \( -name test -o -name tests -o -path node_modules/typeorm/browser \) -prune -exec rm -r {} +

# The image of Node without npm, yarn and the headers of C++: the service needs one program.
FROM debian:trixie-slim
COPY --from=base /usr/local/bin/node /usr/local/bin/node
# The ids of the user that the image of Node has, which own existing volumes.
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --no-create-home --home-dir /app node && node --version
WORKDIR /app
ENV NODE_ENV=production
COPY package.json LICENSE ./
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Folder of the journal. A new volume that is mounted here gets its owner.
RUN mkdir /data && chown node:node /data
ENV DATA_DIR=/data
# With more malloc arenas the memory of large bodies is not returned to the system (docs/operations.md, "Memory").
ENV MALLOC_ARENA_MAX=2
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# The heap stays small (docs/operations.md, "Memory").
CMD ["node", "--max-semi-space-size=4", "--heap-growing-percent=30", "dist/src/main.js"]
