package dev.ctstream.conntrack;

import dev.ctstream.conntrack.DumpFilter.Masked;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Marks that a filter admits: one that matches an excluded item is refused; otherwise one that matches an included item
 * is admitted, or any mark if none is included. A flow without a mark has mark 0.
 *
 * <p>Threads: immutable.
 */
record MarkSet(List<Masked> included, List<Masked> excluded) {
    /** Admits every mark. */
    static final MarkSet EVERYTHING = new MarkSet(List.of(), List.of());

    MarkSet {
        included = List.copyOf(included);
        excluded = List.copyOf(excluded);
    }

    /**
     * Reads items such as {@code 0x10/0xf0}, {@code 7} and {@code !0x1/0x1}.
     *
     * @throws IllegalArgumentException for an item that is none of these, or when nothing is admitted
     */
    static MarkSet parse(List<String> items) {
        List<Masked> included = new ArrayList<>();
        List<Masked> excluded = new ArrayList<>();
        for (String item : items) {
            boolean exclude = item.startsWith("!");
            (exclude ? excluded : included)
                    .add(masked(item, exclude ? item.substring(1).strip() : item));
        }
        if (excluded.stream().anyMatch(mark -> mark.mask() == 0)) {
            throw new IllegalArgumentException("'" + String.join(",", items) + "' admits nothing");
        }
        boolean any = included.stream().anyMatch(mark -> mark.mask() == 0);
        return new MarkSet(any ? List.of() : included, excluded);
    }

    private static Masked masked(String item, String text) {
        Masked mark;
        try {
            mark = Masked.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("'" + item + "' is no mark such as 0x10/0xf0", e);
        }
        if ((mark.value() & ~mark.mask()) != 0) {
            throw new IllegalArgumentException("'" + item + "' has bits outside of its mask: no mark matches it");
        }
        return mark;
    }

    boolean isEverything() {
        return included.isEmpty() && excluded.isEmpty();
    }

    boolean admits(FlowEvent event) {
        long mark = event.has(FlowEvent.MARK) ? event.mark() : 0;
        return !any(excluded, mark) && (included.isEmpty() || any(included, mark));
    }

    private static boolean any(List<Masked> marks, long mark) {
        for (int i = 0; i < marks.size(); i++) { // without an iterator: called for each event
            if (marks.get(i).matches(mark)) {
                return true;
            }
        }
        return false;
    }

    private static String text(Masked mark) {
        return "0x" + Long.toHexString(mark.value()) + "/0x" + Long.toHexString(mark.mask());
    }

    @Override
    public String toString() {
        return isEverything()
                ? "all"
                : Stream.concat(
                                included.stream().map(MarkSet::text),
                                excluded.stream().map(mark -> "!" + text(mark)))
                        .sorted()
                        .distinct()
                        .collect(Collectors.joining(","));
    }
}
