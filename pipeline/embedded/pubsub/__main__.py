from pipeline.embedded.pubsub.command import main

main()
