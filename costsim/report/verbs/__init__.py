"""What each verb of the command line prints, in every format but the page."""
