package dev.ctstream.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** Draws the results of {@link Report#json} as SVG curves: one line per reader, with the range over the rounds. */
public final class Plot {
    private static final int WIDTH = 860;
    private static final int HEIGHT = 460;
    private static final int LEFT = 80;
    private static final int RIGHT = 660;
    private static final int TOP = 50;
    private static final int BOTTOM = 390;
    private static final int TITLE = 28;
    private static final int LEGEND = 680;
    private static final int LEGEND_LINE = 22;
    /** Colours that people with colour blindness can tell apart (Okabe and Ito); the dashes differ as well. */
    private static final List<String> COLOURS =
            List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000");

    private static final List<String> DASHES = List.of("", "7 3", "2 3", "9 3 2 3");
    /** What a plot shows. */
    public enum Kind {
        /** CPU time per event, by rate. */
        COST("CPU time per event", "events a second", "microseconds of CPU per event"),
        /** Share of a CPU, by rate. */
        CPU("CPU in use", "events a second", "per cent of one CPU"),
        /** Losses, by rate. */
        LOSS("Events lost", "events offered a second", "per cent of the events offered"),
        /** From the kernel's time stamp of each event to the broker's log, by rate. */
        LATENCY("Kernel to Kafka's log", "events a second", "milliseconds"),
        /** CPU time per event, by number of zones. */
        ZONES("CPU time per event", "zones in use", "microseconds of CPU per event");

        private final String title;
        private final String across;
        private final String up;

        Kind(String title, String across, String up) {
            this.title = title;
            this.across = across;
            this.up = up;
        }
    }

    private record Point(double x, double y, double least, double most) {}

    private final Kind kind;
    private final Map<String, List<Point>> curves = new LinkedHashMap<>();

    private Plot(Kind kind) {
        this.kind = kind;
    }

    /**
     * Draws one plot.
     *
     * @param results one or more results of {@link Report#json}
     * @throws IllegalArgumentException when they contain no values of this kind
     */
    public static String svg(Kind kind, List<JsonNode> results) {
        Plot plot = new Plot(kind);
        for (JsonNode result : results) {
            result.path("medians").forEach(plot::add);
        }
        if (plot.curves.isEmpty()) {
            throw new IllegalArgumentException(
                    "no values for a plot of " + kind.name().toLowerCase(Locale.ROOT));
        }
        return plot.draw(caption(results.get(0)));
    }

    private static String caption(JsonNode result) {
        JsonNode machine = result.path("machine");
        return machine.path("processor").asText() + ", "
                + machine.path("processors").asText() + " CPUs, Linux "
                + machine.path("kernel").asText() + ", Java "
                + machine.path("java").asText() + ", load by "
                + result.path("options").path("load").asText();
    }

    private void add(JsonNode median) {
        String reader = median.path("reader").asText();
        switch (kind) {
            case COST -> add(reader, median, Measurement.RATE, Measurement.CPU, 1);
            case CPU -> add(reader, median, Measurement.RATE, Measurement.CPU_PERCENT, 1);
            case LOSS -> {
                double percent =
                        100 / median.path(Measurement.OFFERED).path("median").asDouble(1);
                add(reader, median, Measurement.RATE, Measurement.LOST, percent);
            }
            case LATENCY -> {
                add(reader + " p50", median, Measurement.RATE, Latencies.name(Measurement.KERNEL_TO_LOG, "p50"), 1);
                add(reader + " p99", median, Measurement.RATE, Latencies.name(Measurement.KERNEL_TO_LOG, "p99"), 1);
            }
            default -> add(reader, median, "", Measurement.CPU, 1);
        }
    }

    private void add(String curve, JsonNode median, String across, String up, double scale) {
        JsonNode value = median.path(up);
        double x = across.isEmpty()
                ? median.path("zones").asDouble()
                : median.path(across).path("median").asDouble(0);
        if (x > 0 && value.path("median").isNumber()) {
            curves.computeIfAbsent(curve, name -> new ArrayList<>())
                    .add(new Point(
                            x,
                            scale * value.path("median").asDouble(),
                            scale * value.path("least").asDouble(),
                            scale * value.path("most").asDouble()));
        }
    }

    private String draw(String caption) {
        List<Point> all = curves.values().stream().flatMap(List::stream).toList();
        Axis across = Axis.around(kind.across, true, all.stream().map(Point::x).toList(), LEFT, RIGHT);
        boolean decades = kind == Kind.COST;
        Axis up = Axis.around(
                kind.up,
                decades,
                all.stream()
                        .flatMap(point -> Stream.of(point.least, point.most))
                        .toList(),
                BOTTOM,
                TOP);
        StringBuilder out = new StringBuilder();
        String size = "width=\"" + WIDTH + "\" height=\"" + HEIGHT + "\"";
        out.append("<svg xmlns=\"http://www.w3.org/2000/svg\" " + size + " viewBox=\"0 0 " + WIDTH + " " + HEIGHT
                + "\" font-family=\"sans-serif\" font-size=\"13\">\n");
        out.append("<rect " + size + " fill=\"#ffffff\"/>\n");
        text(out, LEFT, TITLE, "font-size=\"16\" font-weight=\"bold\"", kind.title);
        frame(out, across, up);
        int index = 0;
        for (Map.Entry<String, List<Point>> curve : curves.entrySet()) {
            curve(out, index++, curve.getKey(), curve.getValue(), across, up);
        }
        text(out, LEFT, HEIGHT - 12, "fill=\"#555555\" font-size=\"11\"", caption);
        return out.append("</svg>\n").toString();
    }

    private static void frame(StringBuilder out, Axis across, Axis up) {
        for (double tick : across.ticks()) {
            line(out, across.position(tick), BOTTOM, across.position(tick), TOP, "stroke=\"#dddddd\"");
            text(out, across.position(tick), BOTTOM + 18, "text-anchor=\"middle\"", Axis.text(tick));
        }
        for (double tick : up.ticks()) {
            line(out, LEFT, up.position(tick), RIGHT, up.position(tick), "stroke=\"#dddddd\"");
            text(out, LEFT - 8, up.position(tick) + 4, "text-anchor=\"end\"", Axis.text(tick));
        }
        line(out, LEFT, BOTTOM, RIGHT, BOTTOM, "stroke=\"#000000\"");
        line(out, LEFT, BOTTOM, LEFT, TOP, "stroke=\"#000000\"");
        text(out, (LEFT + RIGHT) / 2.0, BOTTOM + 40, "text-anchor=\"middle\"", across.title());
        double middle = (TOP + BOTTOM) / 2.0;
        text(
                out,
                LEFT - 52,
                middle,
                "text-anchor=\"middle\" transform=\"rotate(-90 " + (LEFT - 52) + " " + middle + ")\"",
                up.title());
    }

    private static void curve(StringBuilder out, int index, String name, List<Point> points, Axis across, Axis up) {
        String colour = COLOURS.get(index % COLOURS.size());
        String dash = DASHES.get(index % DASHES.size());
        String pen = "stroke=\"" + colour + "\" stroke-width=\"2\" fill=\"none\""
                + (dash.isEmpty() ? "" : " stroke-dasharray=\"" + dash + "\"");
        List<Point> sorted =
                points.stream().sorted(Comparator.comparingDouble(Point::x)).toList();
        StringBuilder path = new StringBuilder();
        for (Point point : sorted) {
            double x = across.position(point.x);
            path.append(path.isEmpty() ? "M" : " L")
                    .append(number(x))
                    .append(' ')
                    .append(number(up.position(point.y)));
            line(out, x, up.position(point.least), x, up.position(point.most), "stroke=\"" + colour + "\"");
            out.append("<circle cx=\"" + number(x) + "\" cy=\"" + number(up.position(point.y)) + "\" r=\"3.5\" fill=\""
                    + colour + "\"/>\n");
        }
        out.append("<path d=\"").append(path).append("\" ").append(pen).append("/>\n");
        int y = TOP + 10 + index * LEGEND_LINE;
        out.append("<path d=\"M" + LEGEND + " " + y + " h28\" " + pen + "/>\n");
        text(out, LEGEND + 36, y + 4, "", name);
    }

    private static void line(StringBuilder out, double x1, double y1, double x2, double y2, String pen) {
        out.append("<path d=\"M" + number(x1) + " " + number(y1) + " L" + number(x2) + " " + number(y2) + "\" " + pen
                + "/>\n");
    }

    private static void text(StringBuilder out, double x, double y, String attributes, String text) {
        String plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
        out.append("<text x=\"" + number(x) + "\" y=\"" + number(y) + "\"" + (attributes.isEmpty() ? "" : " ")
                + attributes + ">" + plain + "</text>\n");
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
