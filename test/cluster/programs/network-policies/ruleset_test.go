package main

import (
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// pod makes a pod that listens on port 8080, which it names http.
func pod(namespace, name, address string) *core.Pod {
	made := &core.Pod{}
	made.Namespace, made.Name, made.Labels = namespace, name, map[string]string{"app": name}
	made.Spec.Containers = []core.Container{
		{Ports: []core.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: core.ProtocolTCP}}},
	}
	made.Status.PodIPs = []core.PodIP{{IP: address}}
	return made
}

func known(t *testing.T, policy string) cluster {
	t.Helper()
	parsed := &networking.NetworkPolicy{}
	if err := yaml.UnmarshalStrict([]byte(policy), &parsed.Spec); err != nil {
		t.Fatal(err)
	}
	parsed.Namespace, parsed.Name = "vigia", "p"
	onNode := pod("vigia", "on-node", "192.168.0.1")
	onNode.Spec.HostNetwork = true
	ended := pod("vigia", "ended", "10.1.0.9")
	ended.Status.Phase = core.PodSucceeded
	other := &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: "other", Labels: map[string]string{"team": "other"}}}
	return cluster{
		[]*networking.NetworkPolicy{parsed},
		[]*core.Pod{pod("vigia", "a", "10.1.0.1"), pod("vigia", "b", "10.1.0.2"), pod("other", "a", "10.1.0.3"), onNode, ended},
		[]*core.Namespace{{ObjectMeta: meta.ObjectMeta{Name: "vigia"}}, other},
	}
}

func TestRuleset(t *testing.T) {
	for name, example := range map[string]struct {
		policy, chain string
		want          []string
	}{
		"a policy without rules accepts nothing": {
			`{podSelector: {}, policyTypes: [Ingress]}`,
			"policy/ingress/vigia/p", nil,
		},
		"a selected pod reaches itself and what its policies accept, and the rest is counted": {
			`{podSelector: {matchLabels: {app: a}}, policyTypes: [Egress]}`,
			"egress/vigia/a",
			[]string{"ip daddr 10.1.0.1 accept", "jump policy/egress/vigia/p", `counter name "egress/vigia/a" drop`},
		},
		"pods of the node and pods that have ended are not selected": {
			`{podSelector: {}, policyTypes: [Egress]}`,
			"egress-input",
			[]string{
				"type filter hook input priority filter; policy accept;", "ct state related accept", "ct direction reply accept",
				"ip saddr vmap { 10.1.0.1 : goto egress/vigia/a, 10.1.0.2 : goto egress/vigia/b }",
			},
		},
		"a rule without peers and ports accepts everything": {
			`{podSelector: {}, policyTypes: [Egress], egress: [{}]}`,
			"policy/egress/vigia/p", []string{"accept"},
		},
		"a podSelector is for the namespace of the policy": {
			`{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]}`,
			"policy/ingress/vigia/p", []string{"ip saddr { 10.1.0.1 } accept"},
		},
		"a namespaceSelector is for all pods of its namespaces": {
			`{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}]}]}`,
			"policy/ingress/vigia/p", []string{"ip saddr { 10.1.0.1, 10.1.0.2, 10.1.0.3 } accept"},
		},
		"both selectors of one peer must match": {
			`{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: other}},
			  podSelector: {matchLabels: {app: a}}}]}]}`,
			"policy/egress/vigia/p", []string{"ip daddr { 10.1.0.3 } accept"},
		},
		"a peer that selects no pod accepts nothing": {
			`{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: none}}}]}]}`,
			"policy/egress/vigia/p", nil,
		},
		"blocks have exceptions, and each peer is combined with each port": {
			`{podSelector: {}, policyTypes: [Egress], egress: [{
			  to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.1.0.0/16]}}, {ipBlock: {cidr: "2000::/3"}}],
			  ports: [{port: 443}, {port: 8000, endPort: 8010, protocol: UDP}, {protocol: SCTP}]}]}`,
			"policy/egress/vigia/p",
			[]string{
				"ip daddr 0.0.0.0/0 ip daddr != 10.0.0.0/8 ip daddr != 10.1.0.0/16 tcp dport 443 accept",
				"ip daddr 0.0.0.0/0 ip daddr != 10.0.0.0/8 ip daddr != 10.1.0.0/16 udp dport 8000-8010 accept",
				"ip daddr 0.0.0.0/0 ip daddr != 10.0.0.0/8 ip daddr != 10.1.0.0/16 meta l4proto sctp accept",
				"ip6 daddr 2000::/3 tcp dport 443 accept",
				"ip6 daddr 2000::/3 udp dport 8000-8010 accept",
				"ip6 daddr 2000::/3 meta l4proto sctp accept",
			},
		},
		"a named port is the destination pod's": {
			`{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: b}}}],
			  ports: [{port: http}, {port: unknown}]}]}`,
			"policy/ingress/vigia/p",
			[]string{"ip saddr { 10.1.0.2 } ip daddr . tcp dport { 10.1.0.1 . 8080, 10.1.0.2 . 8080, 10.1.0.3 . 8080 } accept"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rules, err := ruleset(known(t, example.policy))
			if err != nil {
				t.Fatal(err)
			}
			want := "  chain " + example.chain + " {\n"
			for _, rule := range example.want {
				want += "    " + rule + "\n"
			}
			if !strings.Contains(rules, want+"  }\n") {
				t.Errorf("want\n%sin\n%s", want, rules)
			}
		})
	}
}
