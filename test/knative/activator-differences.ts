/**
 * How Knative differs from the activator of one machine, by the title of the scenario of
 * test/support/activator-conformance, and why. activator-conformance.test.ts also fails for a difference that is no
 * longer there.
 */
export const activatorDifferences: Record<string, { knative: unknown; because: string }> = {
  'the headers of a request': {
    knative: {
      added: ['forwarded', 'k-proxy-request', 'x-forwarded-for'],
      removed: ['keep-alive', 'proxy-authorization', 'x-hop'],
      changed: [],
    },
    because: 'no function reads the three headers, and none sends the trailers that `te` asks for',
  },
  '13 requests for a process that handles one at a time': {
    knative: { together: 1, refused: 0, statuses: { 200: 13 } },
    because:
      "the activator lets 10,000 requests wait, and queue-proxy ten times containerConcurrency; one machine has queue-proxy's limit, so that a burst does not fill its memory",
  },
  'a response that has begun when timeoutSeconds are over': {
    knative: { status: 200, body: 'first activator request timeout' },
    because: 'Knative ends the body with a text of its own; a response that was cut off must not look complete',
  },
  'a request that waits longer than timeoutSeconds for its turn': {
    knative: { statuses: [504, 504], timeoutBegins: 'when it is sent' },
    because: 'all functions share one machine, so the time in the queue does not count towards timeoutSeconds',
  },
  'a request while the process cannot start': {
    knative: { status: 504, retryAfter: null },
    because: 'Knative lets the request wait for timeoutSeconds; on one machine the developer sees the fault at once',
  },
}
