package dev.ctstream.conntrack;

import dev.ctstream.conntrack.TupleMatch.Network;
import dev.ctstream.record.AddressText;
import java.net.InetAddress;
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
record NetworkSet(List<Network> included, List<Network> excluded) {
    private static final int BYTE_MASK = 0xFF;

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
        List<Network> included = new ArrayList<>();
        List<Network> excluded = new ArrayList<>();
        for (String item : items) {
            boolean exclude = item.startsWith("!");
            (exclude ? excluded : included)
                    .add(network(item, exclude ? item.substring(1).strip() : item));
        }
        return new NetworkSet(included, excluded);
    }

    private static Network network(String item, String text) {
        Network given = given(item, text);
        Network network = new Network(first(given), given.prefixLength());
        if (!network.equals(given)) {
            throw new IllegalArgumentException(
                    "'" + item + "' has bits after its prefix: the network is " + text(network));
        }
        return network;
    }

    private static Network given(String item, String text) {
        int slash = text.indexOf('/');
        try {
            InetAddress address = TupleSpec.address(AddressText.parse(slash < 0 ? text : text.substring(0, slash)));
            return slash < 0
                    ? Network.host(address)
                    : new Network(address, Integer.parseInt(text.substring(slash + 1)));
        } catch (IllegalArgumentException e) { // NumberFormatException is one
            throw new IllegalArgumentException("'" + item + "' is no network such as 10.0.0.0/8", e);
        }
    }

    private static InetAddress first(Network network) {
        byte[] bytes = network.address().getAddress();
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] &= (byte) mask(network, i);
        }
        return TupleSpec.address(bytes);
    }

    /** The bits of byte {@code i} that belong to the prefix. */
    private static int mask(Network network, int i) {
        int bits = Math.min(Math.max(network.prefixLength() - i * Byte.SIZE, 0), Byte.SIZE);
        return BYTE_MASK << (Byte.SIZE - bits) & BYTE_MASK;
    }

    /** Word {@code i} of the network's address, in network order. */
    static int word(Network network, int i) {
        byte[] bytes = network.address().getAddress();
        int word = 0;
        for (int at = i * Integer.BYTES; at < (i + 1) * Integer.BYTES; at++) {
            word = word << Byte.SIZE | (bytes[at] & BYTE_MASK);
        }
        return word;
    }

    /** The bits of word {@code i} that belong to the prefix. */
    static int wordMask(Network network, int i) {
        int bits = Math.min(Math.max(network.prefixLength() - i * Integer.SIZE, 0), Integer.SIZE);
        return bits == 0 ? 0 : -1 << (Integer.SIZE - bits);
    }

    boolean isEverything() {
        return included.isEmpty() && excluded.isEmpty();
    }

    boolean admits(FlowEvent event) {
        return !anyIn(excluded, event) && (included.isEmpty() || anyIn(included, event));
    }

    private static boolean anyIn(List<Network> networks, FlowEvent event) {
        for (Network network : networks) {
            if (either(network, event.original()) || either(network, event.reply())) {
                return true;
            }
        }
        return false;
    }

    private static boolean either(Network network, Tuple tuple) {
        return network.contains(tuple, tuple.sourceOffset()) || network.contains(tuple, tuple.destinationOffset());
    }

    private static String text(Network network) {
        return AddressText.of(network.address()) + "/" + network.prefixLength();
    }

    @Override
    public String toString() {
        return isEverything() ? "all" : listed();
    }

    private String listed() {
        return Stream.concat(
                        included.stream().map(NetworkSet::text),
                        excluded.stream().map(network -> "!" + text(network)))
                .sorted()
                .collect(Collectors.joining(","));
    }
}
