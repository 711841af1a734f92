{{- /*
Deployment, Service and, where it keeps something, claim of one server. The claim ends with the release, as the passwords do that its content
was made with. Takes root, component, user (the number of the image's user), port and containerPort, mountPath of the
claim, and sockets (a folder for them).
*/ -}}
{{- define "cologne-staging-local.server" -}}
{{- $name := include "cologne-staging-local.serverName" . }}
{{- $server := index .root.Values.servers .component }}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "cologne-staging.metadata" (dict "root" .root "component" .component "name" $name) | nindent 2 }}
spec:
  replicas: 1
  revisionHistoryLimit: {{ .root.Values.revisionHistoryLimit }}
  # Two of them on one volume would be one too many.
  strategy:
    type: Recreate
  selector:
    matchLabels:
      {{- include "cologne-staging.componentLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "cologne-staging.componentLabels" . | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsUser: {{ .user }}
        runAsGroup: {{ .user }}
        runAsNonRoot: true
        # Small volumes of their own; not again at every start, since PostgreSQL refuses a folder that others may enter.
        fsGroup: {{ .user }}
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: {{ .component }}
          image: {{ $server.image }}
          imagePullPolicy: IfNotPresent
          {{- include (printf "cologne-staging-local.%s" .component) .root | trim | nindent 10 }}
          volumeMounts:
            - name: certificate
              mountPath: /certificate
              readOnly: true
            - name: scratch
              mountPath: /tmp
            {{- with .sockets }}
            - name: sockets
              mountPath: {{ . }}
            {{- end }}
            {{- if $server.size }}
            - name: data
              mountPath: {{ .mountPath }}
            {{- end }}
          ports:
            - name: server
              containerPort: {{ .containerPort }}
              protocol: TCP
          resources:
            {{- toYaml $server.resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          terminationMessagePolicy: FallbackToLogsOnError
      volumes:
        - name: scratch
          emptyDir: {sizeLimit: 64Mi}
        {{- if .sockets }}
        - name: sockets
          emptyDir: {}
        {{- end }}
        - name: certificate
          secret:
            secretName: {{ include "cologne-staging-local.serverCertificate" .root }}
            # Root's, and the server's by fsGroup: as PostgreSQL wants its key to be.
            defaultMode: 0440
        {{- if $server.size }}
        - name: data
          persistentVolumeClaim:
            claimName: {{ $name }}
        {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "cologne-staging.metadata" (dict "root" .root "component" .component "name" $name) | nindent 2 }}
spec:
  selector:
    {{- include "cologne-staging.componentLabels" . | nindent 4 }}
  ports:
    - name: server
      port: {{ .port }}
      targetPort: server
      protocol: TCP
{{- if $server.size }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "cologne-staging.metadata" (dict "root" .root "component" .component "name" $name) | nindent 2 }}
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: {{ $server.size }}
{{- end }}
{{- end }}
