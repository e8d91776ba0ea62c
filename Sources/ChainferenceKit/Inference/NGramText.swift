/// What the toy model is trained on: a few pages about this project, written for the purpose.
enum NGramText {
    static let text = """
        A market for inference needs three things: somebody who asks, somebody who answers, and a way to pay that neither \
        of them has to trust. The one who asks is the client. The one who answers is the provider. The way to pay is a small \
        program on a chain that both of them can read. The program holds the stake of the client until the answer has come, \
        and it never sees the prompt or the answer.
        A client begins with a question and a budget. It looks at the servers that are listed on the chain, compares their \
        prices and their reputation, and chooses one that it can afford. Then it sends a request with a stake. The stake \
        is the most that the answer can cost. What is not spent comes back to the client when the request is closed.
        A provider begins with a model and a price. It lists the model on the chain and sends a heartbeat now and then, so \
        that clients can see that it is still there. When a request comes that it can serve, it locks the request. A lock \
        tells everybody else that this request is taken. From then on the provider waits for the client at its address.
        The prompt travels through an encrypted channel. Only the client and the provider hold the keys, so nobody between \
        them can read a word. The records in the channel all have the same size and leave at a steady pace, because the \
        length and the rhythm of a message can give away what it says. Even silence is filled with padding.
        Tokens arrive one after another, and the client pays as it reads. It signs a voucher for what it has received so \
        far, and after a few more tokens it signs a larger one. A voucher is a promise that the chain will keep. The \
        provider needs only the last voucher to be paid for the whole answer. If the client stops signing, the provider \
        stops writing, and neither of them has lost more than a small window of tokens.
        When the answer is complete the provider claims its payment with the last voucher. The program checks the signature \
        of the client, moves the lamports that were promised, and gives the rest of the stake back. Every lamport is \
        accounted for. A provider that vanishes in the middle of an answer is paid for what it delivered and for nothing \
        else. A client that vanishes has already signed for what it received.
        The price of an answer is counted in tokens, because tokens are what the machine has to work for. A long prompt \
        costs more than a short one. A long answer costs more than a short one. The fees of the chain are the same for \
        both, so it is wise to ask many questions under one lock. Small questions alone do not pay for their own settlement.
        Trust grows with every request that ends well. The chain remembers how many answers a provider has completed and \
        how many it has failed. A client can compare two providers with the same prompt and say which answer it prefers. \
        Numbers like these are easy to read and hard to forge, as long as the clients who made them have really paid.
        A backend is the part of a provider that writes the answer. It may be a large model on a rack of graphics cards, a \
        small model on a laptop, or a program that somebody wrote in an afternoon. The provider does not care, as long as \
        the backend writes tokens and stops when it is told to stop. A backend that can not keep up says so.
        Privacy is a question of who learns what. The chain learns that somebody paid somebody. The node that relays a \
        transaction learns an address. The provider learns the prompt, because it has to answer it. A client that wants to \
        be harder to recognise uses a new wallet for each conversation and fills it with a round amount.
        The whole market runs on one machine as well. A local cluster keeps the ledger, two providers offer the same model \
        at different prices, and one client asks a question. Nothing leaves the machine. When the demo ends it shows the \
        balance of each wallet before and after, and the difference is explained to the last lamport.
        This text is written by a toy. It has read a few pages about a market for inference and it remembers which word \
        followed which. It does not know what a market is, and it does not know what it says. It is here so that the rest \
        of the machine can be tried without a real model. A real answer needs a real backend.
        Good software is honest about what it can not do. An error says what happened, what it has cost, and what to do \
        next. A test says what would be false if the software were wrong. A number in the documentation can be measured \
        again with the command that stands beside it. Whoever reads the code should find the reason for each decision.
        Time is part of every promise. A request has a deadline, and after the deadline the stake goes back to the client. \
        A lock has a deadline, and a provider that is too slow loses it. A channel that stays silent for too long is closed. \
        Nothing in the market waits for ever, and nobody needs to ask for permission to get back what is theirs.
        """
}
