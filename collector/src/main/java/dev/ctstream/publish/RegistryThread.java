package dev.ctstream.publish;

import dev.ctstream.metrics.OwnedThread;
import java.util.concurrent.CompletableFuture;

/** Asks the schema registry without waiting for it: on a thread that ends with the answer. */
final class RegistryThread {
    private RegistryThread() {}

    /** A question to the registry. */
    @FunctionalInterface
    interface Question<A> {
        A ask() throws KafkaUnreadyException, InterruptedException;
    }

    /** The answer, which comes within seconds, or why there is none. */
    static <A> CompletableFuture<A> ask(Question<A> question) {
        CompletableFuture<A> answer = new CompletableFuture<>();
        OwnedThread.looping(
                        "ctstream-registry",
                        () -> {
                            try {
                                answer.complete(question.ask());
                            } catch (KafkaUnreadyException | InterruptedException e) {
                                answer.completeExceptionally(e);
                            }
                        },
                        0)
                .start((thread, failure) -> answer.completeExceptionally(failure));
        return answer;
    }
}
