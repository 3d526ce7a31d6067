import { join } from 'node:path'

/**
 * The cluster's processes have their own mount namespace, in which the cluster's folder is mounted here. Unix sockets
 * need short paths, and this one does not depend on where the repository is.
 */
export const clusterFolder = '/run/cluster'

/** A file or folder of the running cluster. */
export const inCluster = (...names: string[]): string => join(clusterFolder, ...names)

/** The path of the kubeconfig of a user of the API server. */
export const kubeconfigOf = (user: string): string => inCluster('kubeconfigs', user.replaceAll(':', '-'))

/** The address of the node, which exists only in the cluster's network namespace. */
export const nodeAddress = '172.31.0.1'
/**
 * The addresses of the simulated Internet: `telegram` is the host telegram.world.test, and so on. They are public,
 * because the functions refuse private addresses, and exist only in the cluster's network namespace.
 */
export const worldAddresses = { telegram: '45.90.0.1', tvmaze: '45.90.0.2', sites: '45.90.0.3' }
export const podNetwork = '10.244.0.0/24'
export const serviceNetwork = '10.96.0.0/16'
export const dnsAddress = '10.96.0.10'

/** The version to which a test upgrades. Its image differs from the released one only in the version. */
export const nextVersion = '99.0.0'
