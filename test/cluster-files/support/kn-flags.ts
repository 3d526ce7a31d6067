/**
 * By command: the flags of kn 1.23 (knative/client v0.50.0, docs/cmd) as `<flag>[,<short form>]:<kind>`. A switch has
 * no value.
 */
const documented: Record<string, string> = {
  'service create': `
    annotation,a:stringArray annotation-revision:stringArray annotation-service:stringArray arg:stringArray
    cluster-local:switch cmd:stringArray concurrency-limit:int containers:string env,e:stringArray env-file:string
    env-from:stringArray env-value-from:stringArray filename,f:string force:switch help,h:switch image:string
    label,l:stringArray label-revision:stringArray label-service:stringArray limit:strings lock-to-digest:switch
    mount:stringArray namespace,n:string no-cluster-local:switch no-lock-to-digest:switch no-wait:switch
    node-affinity:strings node-selector:stringArray port,p:string probe-liveness:string probe-liveness-opts:string
    probe-readiness:string probe-readiness-opts:string profile:string pull-policy:string pull-secret:string
    request:strings revision-name:string scale:string scale-activation:int scale-init:int scale-max:int
    scale-metric:string scale-min:int scale-target:int scale-utilization:int scale-window:string
    security-context:string service-account:string tag:strings target:string timeout:int toleration:strings user:int
    volume:stringArray wait:switch wait-timeout:int wait-window:int as:string as-group:stringArray as-uid:string
    cluster:string config:string context:string kubeconfig:string log-http:switch`,
  'broker create': `
    backoff-delay:string backoff-policy:string broker-config:string class:string dl-sink:string help,h:switch
    namespace,n:string retry:int32 retry-after-max:string timeout:string as:string as-group:stringArray as-uid:string
    cluster:string config:string context:string kubeconfig:string log-http:switch`,
  'trigger create': `
    broker:string filter:strings help,h:switch namespace,n:string sink,s:string as:string as-group:stringArray
    as-uid:string cluster:string config:string context:string kubeconfig:string log-http:switch`,
  'source ping create': `
    ce-override:stringArray data,d:string encoding,e:string help,h:switch namespace,n:string schedule:string
    sink,s:string as:string as-group:stringArray as-uid:string cluster:string config:string context:string
    kubeconfig:string log-http:switch`,
  'source binding create': `
    ce-override:stringArray help,h:switch namespace,n:string sink,s:string subject:string as:string
    as-group:stringArray as-uid:string cluster:string config:string context:string kubeconfig:string log-http:switch`,
}

export type FlagKind = 'switch' | 'string' | 'stringArray' | 'strings' | 'int' | 'int32'

export interface Flag {
  name: string
  kind: FlagKind
}

/** The flags of a command by every spelling, `--env` and `-e`; undefined for an unknown command. */
export const flagsOf = (command: string): Map<string, Flag> | undefined => {
  const listed = documented[command]?.trim().split(/\s+/)
  return listed
    ? new Map(
        listed.flatMap(one => {
          const [names, kind] = one.split(':') as [string, FlagKind]
          const [name, short] = names.split(',') as [string, string?]
          const flag = { name, kind }
          return [[`--${name}`, flag] as const, ...(short ? [[`-${short}`, flag] as const] : [])]
        }),
      )
    : undefined
}

export const commands = Object.keys(documented)
