import gc

gc.freeze()  # what Pulumi and its libraries made is there to stay: no collection has to go through it again
