package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

const table = "network-policies"

// cluster is what the rules are made of.
type cluster struct {
	policies   []*networking.NetworkPolicy
	pods       []*core.Pod
	namespaces []*core.Namespace
}

// direction is one of the two directions of policies. The peer of a pod is the destination of egress and the source of
// ingress.
type direction struct {
	name       string
	policyType networking.PolicyType
	pod, peer  string
	// hooks have the packets of this direction. Packets from the node itself to a pod pass none of them.
	hooks []string
	// priority makes egress come first, so that the sender's pod is named when both directions forbid a packet.
	priority string
}

var directions = []direction{
	{"egress", networking.PolicyTypeEgress, "saddr", "daddr", []string{"forward", "input"}, "filter"},
	{"ingress", networking.PolicyTypeIngress, "daddr", "saddr", []string{"forward"}, "filter + 1"},
}

// ruleset returns the input of `nft -f -` that replaces the table with the rules of a cluster.
//
// Each direction has a base chain. If a policy selects the pod of a packet, the base chain goes to the chain of that
// pod, which goes through the chains of the pod's policies and ends with a counted drop. `accept` ends only the chains
// of one direction, so a packet between two pods needs the permission of both directions. Answers are accepted, and
// every other packet of a connection is checked like its first.
func ruleset(of cluster) (string, error) {
	var chains, bases strings.Builder
	pods := slices.DeleteFunc(slices.Clone(of.pods), func(pod *core.Pod) bool { return !hasOwnAddress(pod) })
	slices.SortFunc(pods, func(a, b *core.Pod) int { return strings.Compare(podName(a), podName(b)) })
	policies := slices.Clone(of.policies)
	slices.SortFunc(policies, func(a, b *networking.NetworkPolicy) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	known := cluster{policies, pods, of.namespaces}
	for _, to := range directions {
		selected := map[string][]string{}
		for _, policy := range policies {
			if !slices.Contains(policy.Spec.PolicyTypes, to.policyType) {
				continue
			}
			chain := fmt.Sprintf("policy/%s/%s/%s", to.name, policy.Namespace, policy.Name)
			rules, err := known.policyRules(policy, to)
			if err != nil {
				return "", fmt.Errorf("NetworkPolicy %s/%s: %w", policy.Namespace, policy.Name, err)
			}
			writeChain(&chains, chain, rules)
			selector, err := meta.LabelSelectorAsSelector(&policy.Spec.PodSelector)
			if err != nil {
				return "", fmt.Errorf("NetworkPolicy %s/%s: %w", policy.Namespace, policy.Name, err)
			}
			for _, pod := range pods {
				if pod.Namespace == policy.Namespace && selector.Matches(labels.Set(pod.Labels)) {
					selected[podName(pod)] = append(selected[podName(pod)], "jump "+chain)
				}
			}
		}
		verdicts := map[string][]string{}
		for _, pod := range pods {
			jumps := selected[podName(pod)]
			if jumps == nil {
				continue
			}
			chain := to.name + "/" + podName(pod)
			rules := []string{}
			for _, address := range addresses(pod) {
				// A pod may always connect to itself, also through a Service.
				rules = append(rules, fmt.Sprintf("%s %s %s accept", family(address), to.peer, address))
				verdicts[family(address)] = append(verdicts[family(address)], address+" : goto "+chain)
			}
			fmt.Fprintf(&chains, "  counter %s {\n  }\n", chain)
			writeChain(&chains, chain, append(append(rules, jumps...), fmt.Sprintf("counter name %q drop", chain)))
		}
		for _, hook := range to.hooks {
			rules := []string{
				fmt.Sprintf("type filter hook %s priority %s; policy accept;", hook, to.priority),
				"ct state related accept",
				"ct direction reply accept",
			}
			for _, family := range slices.Sorted(maps.Keys(verdicts)) {
				rules = append(rules, fmt.Sprintf("%s %s vmap %s", family, to.pod, set(verdicts[family])))
			}
			writeChain(&bases, to.name+"-"+hook, rules)
		}
	}
	return fmt.Sprintf("add table inet %[1]s\ndelete table inet %[1]s\ntable inet %[1]s {\n%[2]s%[3]s}\n",
		table, chains.String(), bases.String()), nil
}

// writeChain writes the lines of a chain. A jump needs its target above it.
func writeChain(to *strings.Builder, name string, rules []string) {
	fmt.Fprintf(to, "  chain %s {\n", name)
	for _, rule := range rules {
		fmt.Fprintf(to, "    %s\n", rule)
	}
	to.WriteString("  }\n")
}

// policyRules returns the rules that accept what one policy allows in one direction.
func (c cluster) policyRules(policy *networking.NetworkPolicy, to direction) ([]string, error) {
	rules := []string{}
	add := func(peers []networking.NetworkPolicyPeer, ports []networking.NetworkPolicyPort) error {
		matches, err := c.peers(policy.Namespace, peers, to)
		if err != nil {
			return err
		}
		for _, match := range matches {
			for _, port := range c.ports(ports) {
				rules = append(rules, strings.Join(strings.Fields(match+" "+port+" accept"), " "))
			}
		}
		return nil
	}
	if to.policyType == networking.PolicyTypeEgress {
		for _, rule := range policy.Spec.Egress {
			if err := add(rule.To, rule.Ports); err != nil {
				return nil, err
			}
		}
		return rules, nil
	}
	for _, rule := range policy.Spec.Ingress {
		if err := add(rule.From, rule.Ports); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// peers returns the matches of the addresses that a rule allows: none when no pod is selected, and the empty match,
// which is every address, when the rule names no peers.
func (c cluster) peers(namespace string, peers []networking.NetworkPolicyPeer, to direction) ([]string, error) {
	if len(peers) == 0 {
		return []string{""}, nil
	}
	matches := []string{}
	for _, peer := range peers {
		if block := peer.IPBlock; block != nil {
			match := fmt.Sprintf("%s %s %s", family(block.CIDR), to.peer, block.CIDR)
			// A match per block, because a set must not have blocks that overlap.
			for _, except := range block.Except {
				match += fmt.Sprintf(" %s %s != %s", family(except), to.peer, except)
			}
			matches = append(matches, match)
			continue
		}
		selected, err := c.selected(namespace, peer)
		if err != nil {
			return nil, err
		}
		byFamily := map[string][]string{}
		for _, pod := range selected {
			for _, address := range addresses(pod) {
				byFamily[family(address)] = append(byFamily[family(address)], address)
			}
		}
		for _, family := range slices.Sorted(maps.Keys(byFamily)) {
			matches = append(matches, fmt.Sprintf("%s %s %s", family, to.peer, set(byFamily[family])))
		}
	}
	return matches, nil
}

// selected returns the pods that a peer selects. Without a namespaceSelector they are in the policy's namespace.
func (c cluster) selected(namespace string, peer networking.NetworkPolicyPeer) ([]*core.Pod, error) {
	// nil stands for every pod here, unlike in LabelSelectorAsSelector.
	podSelector := peer.PodSelector
	if podSelector == nil {
		podSelector = &meta.LabelSelector{}
	}
	selector, err := meta.LabelSelectorAsSelector(podSelector)
	if err != nil {
		return nil, err
	}
	namespaces := map[string]bool{namespace: true}
	if peer.NamespaceSelector != nil {
		namespaceSelector, err := meta.LabelSelectorAsSelector(peer.NamespaceSelector)
		if err != nil {
			return nil, err
		}
		namespaces = map[string]bool{}
		for _, one := range c.namespaces {
			namespaces[one.Name] = namespaceSelector.Matches(labels.Set(one.Labels))
		}
	}
	pods := []*core.Pod{}
	for _, pod := range c.pods {
		if namespaces[pod.Namespace] && selector.Matches(labels.Set(pod.Labels)) {
			pods = append(pods, pod)
		}
	}
	return pods, nil
}
