package main

import (
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ports returns the matches of the destination ports that a rule allows: the empty match, which is every port, when
// the rule names none.
func (c cluster) ports(ports []networking.NetworkPolicyPort) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	matches := []string{}
	for _, port := range ports {
		protocol := core.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		word := strings.ToLower(string(protocol))
		switch {
		case port.Port == nil:
			matches = append(matches, "meta l4proto "+word)
		case port.Port.Type == intstr.String:
			matches = append(matches, c.namedPort(port.Port.StrVal, protocol)...)
		case port.EndPort != nil:
			matches = append(matches, fmt.Sprintf("%s dport %d-%d", word, port.Port.IntVal, *port.EndPort))
		default:
			matches = append(matches, fmt.Sprintf("%s dport %d", word, port.Port.IntVal))
		}
	}
	return matches
}

// namedPort returns the match of a name that containers give to a port. The number is that of the destination pod, so
// the match has the addresses of all pods that have a port of this name.
func (c cluster) namedPort(name string, protocol core.Protocol) []string {
	byFamily := map[string][]string{}
	for _, pod := range c.pods {
		// Init containers that go on running can have ports too.
		for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			for _, port := range container.Ports {
				if port.Name != name || port.Protocol != protocol {
					continue
				}
				for _, address := range addresses(pod) {
					element := fmt.Sprintf("%s . %d", address, port.ContainerPort)
					byFamily[family(address)] = append(byFamily[family(address)], element)
				}
			}
		}
	}
	matches := []string{}
	for _, family := range []string{"ip", "ip6"} {
		if elements := byFamily[family]; elements != nil {
			word := strings.ToLower(string(protocol))
			matches = append(matches, fmt.Sprintf("%s daddr . %s dport %s", family, word, set(elements)))
		}
	}
	return matches
}

// hasOwnAddress is false for the pods that policies do not concern: pods that share the address of the node, pods that
// have no address yet, and pods that have ended (another pod may have their address now).
func hasOwnAddress(pod *core.Pod) bool {
	ended := pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed
	return !pod.Spec.HostNetwork && !ended && len(pod.Status.PodIPs) > 0
}

func addresses(pod *core.Pod) []string {
	found := []string{}
	for _, one := range pod.Status.PodIPs {
		found = append(found, one.IP)
	}
	return found
}

func podName(pod *core.Pod) string {
	return pod.Namespace + "/" + pod.Name
}

// family returns the name that nft has for the family of an address or a block.
func family(address string) string {
	if strings.Contains(address, ":") {
		return "ip6"
	}
	return "ip"
}

// set returns an nft set. An element may be given more than once.
func set(elements []string) string {
	elements = slices.Clone(elements)
	slices.Sort(elements)
	return "{ " + strings.Join(slices.Compact(elements), ", ") + " }"
}
