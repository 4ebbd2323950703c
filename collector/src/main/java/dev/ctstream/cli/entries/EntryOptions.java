package dev.ctstream.cli.entries;

import dev.ctstream.admin.EntryFields;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The options that describe entries, the same for every command that takes them; their values are read by {@link EntryFields}. */
final class EntryOptions {
    private record Words(String label, String description) {}

    private static final Map<String, Words> WORDS = Map.ofEntries(
            words("zone", "N", "Conntrack zone, 0..65535."),
            words("original-zone", "N", "Zone of the original direction only."),
            words("reply-zone", "N", "Zone of the reply direction only."),
            words("family", "ipv4|ipv6", "Address family."),
            words("protocol", "NAME|N", "Protocol: tcp, udp, icmp, icmpv6, sctp, gre, ... or its number."),
            words("source", "ADDRESS", "Source address; a filter also takes ADDRESS/PREFIX, as the other addresses."),
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
            words("mark", "VALUE[/MASK]", "Mark; a mask only in a filter."),
            words("status", "BIT,...", "Status bits such as ASSURED,SEEN_REPLY; in a filter !BIT must not be set."),
            words("state", "NAME|N", "State of a TCP or SCTP connection, such as ESTABLISHED."),
            words("label", "N,...", "Labels, 0..127."),
            words("helper", "NAME", "Helper, such as ftp."),
            words("timeout", "SECONDS", "Seconds that the entry lives."),
            words("snat", "ADDRESS[:PORT]", "Source address (and port) that the flow is translated to."),
            words("dnat", "ADDRESS[:PORT]", "Destination address (and port) that it is translated to."));

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

    /** What was given, by name. */
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

    /** As on a command line; empty when nothing was given. */
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
