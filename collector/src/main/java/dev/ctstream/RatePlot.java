package dev.ctstream;

import java.util.Locale;

/** A small plot of a rate over the last minutes, as SVG without styles: classes give it its colors. */
final class RatePlot {
    private static final int WIDTH = 240;
    private static final int HEIGHT = 48;
    private static final int TOP = 2; // room for the line's width

    private RatePlot() {}

    /**
     * Plots values that are not negative.
     *
     * @param label what is read to those who do not see it
     * @param places how many values the width has room for; the last value is at the right
     */
    static String svg(String label, double[] values, int places) {
        StringBuilder svg = new StringBuilder(1024);
        svg.append("<svg class=\"plot\" role=\"img\" viewBox=\"0 0 ")
                .append(WIDTH)
                .append(' ')
                .append(HEIGHT)
                .append("\" preserveAspectRatio=\"none\" aria-label=\"")
                .append(QuantityText.html(label))
                .append("\"><line class=\"base\" x1=\"0\" y1=\"")
                .append(HEIGHT)
                .append("\" x2=\"")
                .append(WIDTH)
                .append("\" y2=\"")
                .append(HEIGHT)
                .append("\"/>");
        if (values.length > 1) {
            String line = line(values, Math.max(places, values.length));
            double first = x(0, values.length, Math.max(places, values.length));
            svg.append("<path class=\"area\" d=\"M")
                    .append(number(first))
                    .append(' ')
                    .append(HEIGHT);
            svg.append(" L")
                    .append(line)
                    .append(" L")
                    .append(WIDTH)
                    .append(' ')
                    .append(HEIGHT)
                    .append("Z\"/>");
            svg.append("<path class=\"line\" d=\"M").append(line).append("\"/>");
        }
        return svg.append("</svg>").toString();
    }

    private static String line(double[] values, int places) {
        double most = 0;
        for (double value : values) {
            most = Math.max(most, value);
        }
        StringBuilder line = new StringBuilder(16 * values.length);
        for (int i = 0; i < values.length; i++) {
            double y = most == 0 ? HEIGHT : HEIGHT - values[i] / most * (HEIGHT - TOP);
            line.append(i == 0 ? "" : " L")
                    .append(number(x(i, values.length, places)))
                    .append(' ')
                    .append(number(y));
        }
        return line.toString();
    }

    private static double x(int index, int count, int places) {
        return WIDTH * (double) (places - count + index) / (places - 1);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
