package dev.ctstream.conntrack;

import dev.ctstream.record.AddressPrefix;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Networks that a filter admits: a flow with an address in an excluded one is refused; otherwise one with an address in
 * an included one is admitted, or any flow if none is included. All four addresses of a flow count: source and
 * destination of the original and of the reply direction.
 *
 * <p>Threads: immutable.
 */
record NetworkSet(List<AddressPrefix> included, List<AddressPrefix> excluded) {
    NetworkSet {
        included = List.copyOf(included);
        excluded = List.copyOf(excluded);
    }

    /**
     * Reads items such as {@code 10.0.0.0/8}, {@code 2001:db8::1} and {@code !10.1.0.0/16}.
     *
     * @throws IllegalArgumentException for an item that is no network
     */
    static NetworkSet parse(List<String> items) {
        List<AddressPrefix> included = new ArrayList<>();
        List<AddressPrefix> excluded = new ArrayList<>();
        for (String item : items) {
            boolean exclude = item.startsWith("!");
            (exclude ? excluded : included)
                    .add(network(item, exclude ? item.substring(1).strip() : item));
        }
        return new NetworkSet(included, excluded);
    }

    private static AddressPrefix network(String item, String text) {
        AddressPrefix given;
        try {
            given = AddressPrefix.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + item + "' is no network such as 10.0.0.0/8", e);
        }
        if (!given.isNetwork()) {
            throw new IllegalArgumentException(
                    "'" + item + "' has bits after its prefix: the network is " + given.network());
        }
        return given;
    }

    boolean isEverything() {
        return included.isEmpty() && excluded.isEmpty();
    }

    boolean admits(FlowEvent event) {
        return !anyIn(excluded, event) && (included.isEmpty() || anyIn(included, event));
    }

    private static boolean anyIn(List<AddressPrefix> networks, FlowEvent event) {
        for (int i = 0; i < networks.size(); i++) { // without an iterator: called for each entry of a dump
            AddressPrefix network = networks.get(i);
            if (either(network, event.original()) || either(network, event.reply())) {
                return true;
            }
        }
        return false;
    }

    private static boolean either(AddressPrefix network, Tuple tuple) {
        return tuple.sourceIn(network) || tuple.destinationIn(network);
    }

    @Override
    public String toString() {
        return isEverything() ? "all" : listed();
    }

    private String listed() {
        return Stream.concat(
                        included.stream().map(AddressPrefix::toString),
                        excluded.stream().map(network -> "!" + network))
                .sorted()
                .collect(Collectors.joining(","));
    }
}
