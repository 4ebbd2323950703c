package dev.ctstream.cli.entries;

import dev.ctstream.admin.EntryFields;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The options that describe entries; all commands share them. {@link EntryFields} reads their values. */
final class EntryOptions {
    private record Words(String label, String description) {}

    private static final Map<String, Words> WORDS = Map.ofEntries(
            words("zone", "N", "Conntrack zone, 0..65535."),
            words("original-zone", "N", "Zone of the original direction only."),
            words("reply-zone", "N", "Zone of the reply direction only."),
            words("family", "ipv4|ipv6", "Address family."),
            words("protocol", "NAME|N", "Protocol: tcp, udp, icmp, icmpv6, sctp, gre, ... or its number."),
            words("source", "ADDRESS", "Source address. In a filter, all address options also take ADDRESS/PREFIX."),
            words("destination", "ADDRESS", "Destination address."),
            words("source-port", "N", "Source port; the key of GRE."),
            words("destination-port", "N", "Destination port; the key of GRE."),
            words("reply-source", "ADDRESS", "Source address of the replies."),
            words("reply-destination", "ADDRESS", "Destination address of the replies."),
            words("reply-source-port", "N", "Source port of the replies."),
            words("reply-destination-port", "N", "Destination port of the replies."),
            words("icmp-type", "N", "ICMP or ICMPv6 type."),
            words("icmp-code", "N", "ICMP or ICMPv6 code."),
            words("icmp-id", "N", "ICMP or ICMPv6 id."),
            words("mark", "VALUE[/MASK]", "Mark; a mask is allowed only in a filter."),
            words("status", "BIT,...", "Status bits such as ASSURED,SEEN_REPLY; in a filter, !BIT means not set."),
            words("state", "NAME|N", "State of a TCP, SCTP or DCCP connection, such as ESTABLISHED."),
            words("label", "N,...", "Labels, 0..127."),
            words("helper", "NAME", "Helper, such as ftp."),
            words("timeout", "SECONDS", "Lifetime of the entry in seconds."),
            words(
                    "master-protocol",
                    "NAME|N",
                    "Protocol of the flow that expected this one; it must be in the same zone."),
            words("master-source", "ADDRESS", "Source address of that flow."),
            words("master-destination", "ADDRESS", "Destination address of that flow."),
            words("master-source-port", "N", "Source port of that flow."),
            words("master-destination-port", "N", "Destination port of that flow."),
            words("snat", "ADDRESS[:PORT]", "Translate the source to this address (and port)."),
            words("dnat", "ADDRESS[:PORT]", "Translate the destination to this address (and port)."));

    private EntryOptions() {}

    private static Map.Entry<String, Words> words(String name, String label, String description) {
        return Map.entry(name, new Words(label, description));
    }

    /** Adds options to a command. */
    static void add(CommandSpec spec, List<String> names) {
        for (String name : names) {
            Words words = WORDS.getOrDefault(name, new Words("VALUE", ""));
            spec.addOption(OptionSpec.builder("--" + name)
                    .type(String.class)
                    .arity("1")
                    .paramLabel(words.label())
                    .description(words.description())
                    .build());
        }
    }

    /** The given options, by name. */
    static Map<String, String> given(CommandSpec spec, List<String> names) {
        Map<String, String> given = new LinkedHashMap<>();
        for (String name : names) {
            String value = spec.findOption("--" + name).getValue();
            if (value != null) {
                given.put(name, value);
            }
        }
        return given;
    }

    /** The options as on a command line; empty when none was given. */
    static String words(Map<String, String> given) {
        StringBuilder words = new StringBuilder();
        given.forEach((name, value) -> words.append(words.isEmpty() ? "" : " ")
                .append("--")
                .append(name)
                .append(' ')
                .append(value));
        return words.toString();
    }
}
