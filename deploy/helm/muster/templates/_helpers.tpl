{{- /* The ports of every pod: the grid's own, and the one that answers probes. */ -}}
{{- define "muster.port" -}}9101{{- end }}
{{- define "muster.healthPort" -}}9102{{- end }}

{{- /* Leaves room for -worker-REGION. */ -}}
{{- define "muster.name" -}}
{{- if contains "muster" .Release.Name -}}
{{- .Release.Name | trunc 24 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-muster" (.Release.Name | trunc 17 | trimSuffix "-") -}}
{{- end -}}
{{- end }}

{{- define "muster.coordinator" -}}{{ include "muster.name" . }}-coordinator{{- end }}

{{- define "muster.domain" -}}
{{- .Values.coordinators.domain | default (printf "%s.%s.svc" (include "muster.coordinator" .) .Release.Namespace) -}}
{{- end }}

{{- /* Every coordinator, as --grid takes them. */ -}}
{{- define "muster.grid" -}}
{{- if .Values.coordinators.replicas -}}
{{- $pods := list -}}
{{- range $i := until (int .Values.coordinators.replicas) -}}
{{- $pods = append $pods (printf "%s-%d.%s:%s" (include "muster.coordinator" $) $i (include "muster.domain" $) (include "muster.port" $)) -}}
{{- end -}}
{{- join "," $pods -}}
{{- else -}}
{{- join "," .Values.grid.addresses -}}
{{- end -}}
{{- end }}

{{- define "muster.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "muster.name" .) "default" .Values.serviceAccount.create) -}}
{{- end }}

{{- define "muster.image" -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end }}

{{- define "muster.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: muster
{{ include "muster.selector" . }}
{{- end }}

{{- define "muster.selector" -}}
app.kubernetes.io/name: muster
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Of each pod: nobody, without a way back, and without the cluster's token. */ -}}
{{- define "muster.pod" -}}
serviceAccountName: {{ include "muster.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{- define "muster.container" -}}
image: {{ include "muster.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- /* Lives for a minute without an answer before it is killed: a busy machine is no dead one. */ -}}
{{- define "muster.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: health }
  periodSeconds: 2
  timeoutSeconds: 6
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /livez, port: health }
  periodSeconds: 10
  timeoutSeconds: 6
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: health }
  periodSeconds: 5
  timeoutSeconds: 6
  failureThreshold: 2
{{- end }}

{{- define "muster.env" -}}
- name: POD_NAME
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
- name: MUSTER_LOG
  value: {{ .Values.log.level | quote }}
- name: MUSTER_LOG_FORMAT
  value: json
{{- end }}

{{- define "muster.tlsArgs" -}}
- --tls-cert=/etc/muster/tls/tls.crt
- --tls-key=/etc/muster/tls/tls.key
- --tls-ca=/etc/muster/tls/ca.crt
{{- end }}
