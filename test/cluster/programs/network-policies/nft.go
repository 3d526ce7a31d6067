package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const bridgeSwitch = "/proc/sys/net/bridge/bridge-nf-call-iptables"

// nft runs nft and returns its output.
func nft(input string, arguments ...string) ([]byte, error) {
	command := exec.Command("nft", arguments...)
	command.Stdin = strings.NewReader(input)
	var output, fault bytes.Buffer
	command.Stdout, command.Stderr = &output, &fault
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("nft %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(fault.String()))
	}
	return output.Bytes(), nil
}

// apply replaces the table in one transaction.
func apply(rules string) error {
	_, err := nft(rules, "-f", "-")
	return err
}

// dropped returns the number of packets that each counter has counted since the table was replaced.
func dropped() (map[string]uint64, error) {
	output, err := nft("", "-j", "list", "counters", "table", "inet", table)
	if err != nil {
		return nil, err
	}
	var listed struct {
		Nftables []struct {
			Counter *struct {
				Name    string
				Packets uint64
			}
		}
	}
	if err := json.Unmarshal(output, &listed); err != nil {
		return nil, fmt.Errorf("the counters of nft: %w", err)
	}
	counts := map[string]uint64{}
	for _, entry := range listed.Nftables {
		if entry.Counter != nil {
			counts[entry.Counter.Name] = entry.Counter.Packets
		}
	}
	return counts, nil
}

// check returns what is missing in this network namespace. It changes nothing.
func check() error {
	value, err := os.ReadFile(bridgeSwitch)
	if err != nil {
		return fmt.Errorf("the kernel has no br_netfilter: %w", err)
	}
	if strings.TrimSpace(string(value)) != "1" {
		return fmt.Errorf("%s is %s; it must be 1, or packets on a bridge pass no rules", bridgeSwitch, bytes.TrimSpace(value))
	}
	// One of each kind of rule; --check asks the kernel without a change.
	_, err = nft(`table inet `+table+`-check {
  counter c {
  }
  chain a {
    ip daddr 10.0.0.0/8 ip daddr != 10.1.0.0/16 tcp dport 80-90 accept
    ip6 saddr { fd00::1, fd00::2 } meta l4proto sctp accept
    ip daddr . udp dport { 10.0.0.1 . 53 } accept
    counter name "c" drop
  }
  chain b {
    type filter hook forward priority filter; policy accept;
    ct state related accept
    ct direction reply accept
    ip saddr vmap { 10.0.0.1 : goto a }
  }
}
`, "--check", "-f", "-")
	return err
}
