/** A monitor as Kuma's own page sends it to its server. */
export type KumaMonitor = Readonly<Record<string, unknown>> & { name: string }

/** What Kuma's page sends for every monitor, with short times. The expiry of domains would ask servers of others. */
export const usualKumaMonitor = {
  ...{ type: 'http', parent: null, url: 'https://', method: 'GET', ipFamily: null, wsSubprotocol: '' },
  ...{ interval: 60, retryInterval: 60, resendInterval: 0, maxretries: 0, timeout: 2, maxredirects: 10 },
  ...{ notificationIDList: {}, ignoreTls: false, upsideDown: false, expiryNotification: false },
  ...{ domainExpiryNotification: false, accepted_statuscodes: ['200-299'], saveResponse: false },
  ...{
    saveErrorResponse: false,
    dns_resolve_type: 'A',
    dns_resolve_server: '',
    docker_container: '',
    docker_host: null,
  },
  ...{ proxyId: null, authMethod: null, httpBodyEncoding: 'json', cacheBust: false, conditions: [] },
  ...{ kafkaProducerBrokers: [], kafkaProducerSaslOptions: { mechanism: 'None' }, rabbitmqNodes: [] },
}

const healthProto = `syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse { enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; } ServingStatus status = 1; }
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }`

/** The monitors that Kuma checks, and some that are paused because their servers would need more than a port. */
export const kumaMonitors = (ports: Readonly<Record<string, string>>): KumaMonitor[] => {
  const http = (name: string, server: string, more: object = {}) => ({
    name,
    url: `http://127.0.0.1:${ports[server]}/`,
    ...more,
  })
  const https = (name: string, server: string, more: object = {}) => ({
    name,
    url: `https://localhost:${ports[server]}/`,
    ...more,
  })
  const keyword = (name: string, server: string, text: string, more: object = {}) =>
    http(name, server, { type: 'keyword', keyword: text, ...more })
  const json = (name: string, jsonPath: string, jsonPathOperator: string, expectedValue: string, server = 'JSON') =>
    http(name, server, { type: 'json-query', jsonPath, jsonPathOperator, expectedValue })
  const at = (server: string) => ({ hostname: '127.0.0.1', port: Number(ports[server]) })
  const dns = (name: string, hostname: string, ...conditions: [operator: string, value: string][]) => ({
    ...{ name, type: 'dns', hostname, dns_resolve_server: '127.0.0.1', port: Number(ports.DNS) },
    conditions: conditions.map(([operator, value], id) => ({
      ...{ type: 'expression', id: String(id), andOr: 'and', variable: 'record', operator, value },
    })),
  })
  const grpc = (name: string, server: string, more: object = {}) => ({
    ...{ name, type: 'grpc-keyword', grpcUrl: `127.0.0.1:${ports[server]}`, keyword: 'SERVING', grpcEnableTls: false },
    ...{ grpcProtobuf: healthProto, grpcServiceName: 'Health', grpcMethod: 'check', grpcBody: '{}', ...more },
  })
  const paused = (type: string, more: object = {}) => ({ name: type, type, active: false, ...more })

  return [
    http('ok', 'OK'),
    http('no content', 'NO_CONTENT'),
    http('error', 'ERROR'),
    http('missing', 'MISSING'),
    http('missing as wanted', 'MISSING', { accepted_statuscodes: ['200-299', '404'] }),
    http('silent', 'SILENT'),
    http('refused', 'REFUSED'),
    http('reset', 'RESET'),
    http('empty answer', 'EMPTY'),
    { name: 'no such name', url: 'http://nobody.invalid/' },
    http('slow', 'SLOW'),
    http('retried', 'ERROR', { maxretries: 4 }),
    http('upside down', 'REFUSED', { upsideDown: true }),

    http('redirect loop', 'LOOP'),
    http('redirect to another host', 'AWAY'),
    http('redirect not followed', 'AWAY', { maxredirects: 0, accepted_statuscodes: ['302'] }),
    http('redirect not wanted', 'AWAY', { maxredirects: 0 }),
    https('redirect to http', 'HTTPS_TO_HTTP'),

    http('http 1.0', 'OLD'),
    keyword('gzip', 'GZIP', 'is well'),
    http('head of 60 kB', 'HUGE_HEAD'),
    http('odd header', 'ODD_HEAD'),
    http('truncated', 'TRUNCATED'),

    keyword('keyword', 'OK', 'is well'),
    keyword('keyword missing', 'MAINTENANCE', 'is well'),
    keyword('keyword present', 'MAINTENANCE', 'maintenance', { invertKeyword: true }),
    keyword('keyword absent', 'OK', 'maintenance', { invertKeyword: true }),
    keyword('keyword in JSON', 'JSON', '"status":"UP"'),
    keyword('keyword in JSON with blanks', 'PRETTY_JSON', '"status":"UP"'),

    json('json', 'status', '==', 'UP'),
    json('json wrong', '$.status', '==', 'DOWN'),
    json('json number', 'code', '==', '7'),
    json('json number in a text', 'text', '==', '7'),
    json('json truth', 'ready', '==', 'true'),
    json('json fraction', 'ratio', '==', '0.5'),
    json('json not equal', 'status', '!=', 'DOWN'),
    json('json equal', 'status', '!=', 'UP'),
    json('json absent', 'errors', '!=', 'none'),
    json('json null', 'nothing', '!=', 'none'),
    json('json above', 'code', '>', '6'),
    json('json not above', 'code', '>', '7'),
    json('json at least', 'code', '>=', '7'),
    json('json number in a text, above', 'text', '>', '6'),
    json('json contains', 'version', 'contains', '1/2'),
    json('json element', 'users[1].name', '==', 'bia'),
    json('json of a list', '$[0].name', '==', 'ana', 'LIST'),
    json('json function', '$count(items)', '==', '3'),
    json('json on a page', 'status', '==', 'UP', 'MAINTENANCE'),
    json('whole body', '$', 'contains', 'is well', 'OK'),
    json('whole body, equal', '$', '==', 'all is well', 'OK'),

    http('password', 'PASSWORD', { authMethod: 'basic', basic_auth_user: 'me', basic_auth_pass: 'pw:1' }),
    http('wrong password', 'PASSWORD', { authMethod: 'basic', basic_auth_user: 'me', basic_auth_pass: 'x' }),
    http('token', 'TOKEN', { authMethod: 'bearer', bearer_token: 'abc' }),
    http('token in a header', 'TOKEN', { headers: '{"Authorization": "Bearer abc", "X-Team": "ops"}' }),
    http('post', 'OK', { method: 'POST', body: '{"a": 1}' }),
    http('form', 'OK', { method: 'POST', body: 'a=1', httpBodyEncoding: 'form' }),
    http('head', 'OK', { method: 'HEAD' }),

    https('https', 'HTTPS', { expiryNotification: true }),
    https('expired', 'EXPIRED'),
    https('expired but accepted', 'EXPIRED', { ignoreTls: true }),
    https('expired and watched', 'EXPIRED', { ignoreTls: true, expiryNotification: true }),
    https('self-signed', 'SELF_SIGNED'),
    https('wrong host', 'WRONG_HOST'),
    https('incomplete chain', 'INCOMPLETE'),

    { name: 'port', type: 'port', ...at('TCP') },
    { name: 'closed port', type: 'port', ...at('REFUSED') },
    dns('dns', 'shop.test'),
    dns('dns with the address', 'shop.test', ['equals', '203.0.113.8']),
    dns('dns with another address', 'shop.test', ['equals', '203.0.113.99']),
    dns('dns with a network', 'shop.test', ['starts_with', '203.0.113.']),
    dns('dns without such a name', 'gone.test'),
    {
      name: 'websocket',
      type: 'websocket-upgrade',
      url: `ws://127.0.0.1:${ports.WEBSOCKET}/`,
      accepted_statuscodes: ['1000'],
    },
    {
      name: 'no websocket',
      type: 'websocket-upgrade',
      url: `ws://127.0.0.1:${ports.OK}/`,
      accepted_statuscodes: ['1000'],
    },
    grpc('grpc', 'SERVING', { keyword: '"SERVING"' }),
    grpc('grpc not serving', 'NOT_SERVING', { keyword: '"SERVING"' }),
    grpc('grpc without quotation marks', 'NOT_SERVING'),
    { name: 'smtp', type: 'smtp', ...at('SMTP'), smtpSecurity: 'nostarttls' },
    { name: 'smtp closed', type: 'smtp', ...at('REFUSED'), smtpSecurity: 'nostarttls' },
    { name: 'redis closed', type: 'redis', databaseConnectionString: `redis://127.0.0.1:${ports.REFUSED}` },
    {
      name: 'postgres closed',
      type: 'postgres',
      databaseConnectionString: `postgres://u:p@127.0.0.1:${ports.REFUSED}/db`,
      databaseQuery: 'select 1',
    },
    {
      name: 'mysql closed',
      type: 'mysql',
      databaseConnectionString: `mysql://u:p@127.0.0.1:${ports.REFUSED}/db`,
      databaseQuery: 'select 1',
    },
    {
      name: 'mqtt closed',
      type: 'mqtt',
      ...at('REFUSED'),
      mqttTopic: 'a',
      mqttSuccessMessage: '',
      mqttCheckType: 'keyword',
    },

    { name: 'backup', type: 'push', interval: 3600, pushToken: 'Zm9yIHRlc3Rz0123456789abcdefghij' },
    { name: 'Produção', type: 'group' },
    paused('ping', { hostname: 'shop.example' }),
    paused('docker', { docker_container: 'shop' }),
    paused('mongodb', { databaseConnectionString: 'mongodb://shop.example/db' }),
    paused('mqtts', {
      type: 'mqtt',
      hostname: 'mqtts://shop.example',
      port: 8883,
      mqttTopic: 'a',
      mqttCheckType: 'keyword',
    }),
    paused('rabbitmq', { rabbitmqNodes: ['http://shop.example:15672'] }),
    paused('snmp', { hostname: 'shop.example', port: 161 }),
    paused('ntlm', { type: 'http', url: 'https://shop.example/', authMethod: 'ntlm' }),
    paused('port with TLS', {
      type: 'port',
      hostname: 'shop.example',
      port: 993,
      smtpSecurity: 'secure',
      expiryNotification: true,
    }),
    paused('port with a TLS alert', {
      type: 'port',
      hostname: 'shop.example',
      port: 443,
      expectedTlsAlert: 'certificate_required',
    }),
  ].map(monitor => ({ ...usualKumaMonitor, ...monitor }))
}
