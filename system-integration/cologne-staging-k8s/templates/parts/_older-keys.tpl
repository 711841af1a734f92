{{- /* Keys that charts for such workers commonly have, and an older one of this may have had: where they are now. */ -}}
{{- define "cologne-staging.olderKeys" -}}
image: cologneStaging.image
replicaCount: replicas.dataManagers
replicas.cologneStaging: replicas.dataManagers
command: cologneStaging.command
env: extraEnv (or settings, for settings of the program)
environment: app.environment
app.env: app.environment
postgresql: postgres
database: postgres
postgres.db: postgres.database
postgres.name: postgres.database
postgres.username: postgres.user
postgres.sslmode: postgres.tls.mode
redis.user: redis.username
redis.ssl: redis.tls.enabled
redis.certs: certificates
redisCerts: certificates
coscineApiTokenSecret: coscine.existingSecret
resources.cologneStaging: resources.cologne-staging
persistence.storageClassName: persistence.storageClass
persistence.accessModes: persistence.accessMode
persistence.hostPath: extraVolumes and extraVolumeMounts at /data
livenessProbe: healthChecks.liveness
readinessProbe: healthChecks.readiness
startupProbe: healthChecks.startup
healthChecks.livenessProbe: healthChecks.liveness
healthChecks.readinessProbe: healthChecks.readiness
terminationGracePeriodSeconds: shutdown.drainSeconds (or shutdown.graceSeconds)
securityContext: containerSecurityContext
serviceAccount: serviceAccountName
pdb: podDisruptionBudget
{{- end }}
